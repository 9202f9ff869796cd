import { randomFrom, seedOf } from '#test/support/random.js';

/** Random values that depend only on the seed. */
export class Seeded {
  /** Returns a number from 0 to 1 (exclusive). */
  readonly next: () => number;

  constructor(seed: number | string) {
    this.next = randomFrom(typeof seed === 'string' ? seedOf(seed) : seed);
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  /** Calls one of several functions, each as often as its weight says. */
  choose<T>(...choices: readonly (readonly [weight: number, make: () => T])[]): T {
    let left = this.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, make] of choices) {
      left -= weight;
      if (left < 0) return make();
    }
    return choices.at(-1)![1]();
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  /** Cuts bytes into so many pieces at random places. Some may be empty. */
  cut(bytes: Buffer, pieces: number): Buffer[] {
    const cuts = Array.from({ length: pieces - 1 }, () => this.below(bytes.length + 1)).sort((a, b) => a - b);
    return [0, ...cuts].map((start, index) => bytes.subarray(start, cuts[index] ?? bytes.length));
  }
}
