import type { TestServer } from '#test/support/server.js';
import type { FuzzedNode } from './node.js';
import type { Pulse } from './pulse.js';
import { Seeded } from './seeded.js';

/** What to run. */
export interface Plan {
  seed: number;
  /** How many inputs the server has to handle. */
  inputs: number;
  /** The numbers of single connections to run again, instead of all. */
  only: readonly number[] | undefined;
}

/** Inputs over both transports, in the test suite. `npm run fuzz` sends 100,000. */
const INPUTS = 24_000;

/** An HTTP request costs several times as much as a WebSocket message. */
const SHARES = { websocket: 0.75, http: 0.25 };

/** The plan that the environment asks for: FUZZ_SEED, FUZZ_INPUTS (over both transports) and FUZZ_ONLY (`12,15,16`). */
export function planFor(name: keyof typeof SHARES, env = process.env): Plan {
  const { FUZZ_SEED: seed = 20_261_126, FUZZ_INPUTS: inputs = INPUTS, FUZZ_ONLY: only } = env;
  return {
    seed: Number(seed),
    inputs: Math.round(Number(inputs) * SHARES[name]),
    only: only?.split(',').map(Number),
  };
}

/** One connection that sends random inputs. */
export interface Attempt {
  server: TestServer;
  number: number;
  random: Seeded;
  pulse: Pulse;
  /** Reports something that must not happen, and the index of the input that it answers. */
  report(what: string, input?: number): void;
}

/** Opens a connection and sends random inputs. Returns how many of them the server has handled. */
export type Attack = (attempt: Attempt) => Promise<number>;

/** Connections that are open at once. */
const AT_ONCE = 24;

/** No more connections are opened after so many problems. */
const MAX_PROBLEMS = 5;

/** Many random connections to one node. What each of them does depends only on the seed and on its number. */
export class Campaign {
  /** Inputs that the server has handled so far. */
  handled = 0;
  /** Everything that must not happen, with the connection and how to run it again. */
  readonly problems: string[] = [];
  #next = 0;
  readonly #open = new Set<number>();

  constructor(
    private readonly name: 'websocket' | 'http',
    private readonly plan: Plan,
    private readonly node: FuzzedNode,
    private readonly attack: Attack,
    private readonly pulse: Pulse,
  ) {}

  get connections(): number {
    return this.#next;
  }

  /** Attacks until the server has handled so many inputs in all, or has failed. */
  async until(inputs: number): Promise<void> {
    const goOn = () => this.handled < inputs && this.problems.length < MAX_PROBLEMS;
    const attackInTurn = async () => {
      while (goOn()) await this.#attack(this.#next++);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, attackInTurn));
  }

  /** Runs the single connections of the plan, at once. */
  async again(numbers: readonly number[]): Promise<void> {
    await Promise.all(numbers.map((number) => this.#attack(number)));
  }

  async #attack(number: number): Promise<void> {
    const { name, plan } = this;
    this.#open.add(number);
    const random = new Seeded(`${plan.seed} ${name} ${number}`);
    const report: Attempt['report'] = (what, input) => {
      const place = input === undefined ? '' : `, input ${input}`;
      this.#report(`connection ${number}${place}: ${what}`, [number]);
    };
    try {
      const handled = await this.attack({
        server: this.node.server,
        pulse: this.pulse,
        number,
        random,
        report,
      });
      this.handled += handled;
    } catch (error) {
      report(String(error));
    }
    for (const fault of this.node.newFaults()) {
      const suspects = [...this.#open];
      this.#report(`while connections ${suspects.join(', ')} were open: ${fault}`, suspects);
    }
    this.#open.delete(number);
  }

  #report(what: string, suspects: readonly number[]): void {
    const { name, plan } = this;
    const command = `FUZZ_SEED=${plan.seed} FUZZ_ONLY=${suspects.join(',')} npx vitest run test/server/fuzzing/${name}.test.ts`;
    this.problems.push(`seed ${plan.seed}, ${what}\n  Run it again: ${command}`);
  }
}
