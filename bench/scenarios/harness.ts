import type { Contender } from '../contenders/contender.js';
import { ClientGroup, type ClientGroupOptions } from '../load/client-group.js';
import { liveQuery } from '../load/graphql.js';
import { HttpClient } from '../load/http.js';
import { treeCpuSeconds, waitUntilIdle } from '../measure/proc.js';
import type { Processes } from '../measure/processes.js';
import type { RedisServer } from '../measure/redis.js';
import { HOST, type Server, startServer } from '../measure/server.js';
import type { Sizes } from './sizes.js';

/**
 * The measured process has this core to itself. The load generator, Redis and the sending process share the
 * other.
 */
export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

/** Time limit for clients to connect or become live, and for a server to become idle. */
const TIMEOUT_MS = 120_000;

/** What all scenarios of a run share. */
export interface Bench {
  readonly processes: Processes;
  readonly redis: RedisServer;
  readonly sizes: Sizes;
}

/** Where a contender runs, if it is not as in most scenarios. */
export interface Placement {
  /** The contender to measure. */
  readonly measured: Contender;
  /** The cores that both of its processes may use. */
  readonly cores: string;
}

/** One contender with an empty Redis: the process to measure, and a second one that receives the sends. */
export class Harness {
  readonly roomId = 'bench';

  private constructor(
    readonly contender: Contender,
    readonly measured: Server,
    readonly sending: Server,
    readonly http: HttpClient,
  ) {}

  /**
   * Starts a contender, calls `measure`, and stops the contender. Rejects if `measure` does. If the measured process
   * died, the error contains the end of its output.
   */
  static async use<T>(
    bench: Bench,
    contender: Contender,
    measure: (harness: Harness) => Promise<T>,
    placement?: Placement,
  ): Promise<T> {
    const harness = await Harness.#open(bench, contender, placement);
    let died: string | undefined;
    void harness.measured.ended.then((how) => {
      died = how;
    });
    try {
      return await measure(harness);
    } catch (error) {
      if (died === undefined) throw error;
      throw new Error(`The measured process ${died}: ${harness.measured.output().slice(-500)}`, {
        cause: error,
      });
    } finally {
      await harness.#close();
    }
  }

  static async #open(
    { processes, redis }: Bench,
    contender: Contender,
    placement?: Placement,
  ): Promise<Harness> {
    await redis.empty();
    const program = placement?.measured ?? contender;
    const measured = await startServer(processes, program, placement?.cores ?? `${SERVER_CORE}`, redis.url);
    try {
      const sending = await startServer(processes, contender, placement?.cores ?? `${LOAD_CORE}`, redis.url);
      return new Harness(contender, measured, sending, new HttpClient(HOST, sending.port));
    } catch (error) {
      await measured.stop();
      throw error;
    }
  }

  /** Connects clients to the measured process. By default they use the plain live subscription. */
  openClients(size: number, options: Partial<ClientGroupOptions> = {}): Promise<ClientGroup> {
    const { roomId } = this;
    return ClientGroup.open(
      {
        host: HOST,
        port: this.measured.port,
        protocol: this.contender.protocol,
        size,
        roomId,
        operation: () => ({ query: liveQuery, variables: { roomId } }),
        ...options,
      },
      TIMEOUT_MS,
    );
  }

  /** Waits until a probe has reached every client and the server is idle. */
  async becomeLive(group: ClientGroup): Promise<void> {
    await this.waitUntilIdle(); // a probe sent before the first subscription is live would reach nobody
    await group.becomeLive((content) => this.send(content), TIMEOUT_MS);
    await this.waitUntilIdle();
  }

  /** Connects and disconnects clients, so that later measurements run on warm code. */
  async warmUp(size: number): Promise<void> {
    const group = await this.openClients(size);
    await this.becomeLive(group);
    group.close();
    await this.waitUntilIdle();
  }

  /** Sends one message through the second process. Resolves to its id when it has been accepted. */
  async send(content: string): Promise<string> {
    const { path, body } = this.contender.protocol.send(this.roomId, content);
    return this.contender.protocol.sentId(await this.http.post(path, body));
  }

  /** Waits until the measured process is idle. */
  waitUntilIdle(): Promise<void> {
    return waitUntilIdle(this.measured.pid, TIMEOUT_MS);
  }

  /** Starts measuring the CPU time of the measured process and its child processes. The returned function gives the seconds since. */
  cpuMeter(): () => number {
    const { pid } = this.measured;
    const start = treeCpuSeconds(pid);
    return () => treeCpuSeconds(pid) - start;
  }

  async #close(): Promise<void> {
    this.http.close();
    await Promise.all([this.measured.stop(), this.sending.stop()]);
  }
}
