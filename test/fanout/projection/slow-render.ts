import { type Render, turns } from '#test/fanout/fixture.js';

/** Renders when it is told to, and counts. */
export class Slow {
  rendered: string[] = [];
  #waiting: (() => void)[] = [];

  readonly render: Render = (message) => {
    this.rendered.push(message.id);
    return new Promise((resolve) => this.#waiting.push(() => resolve(Buffer.from(message.id))));
  };

  async finish(): Promise<void> {
    for (const resolve of this.#waiting.splice(0)) resolve();
    await turns();
  }
}
