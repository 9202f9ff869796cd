import type { Contender } from '../contenders/contender.js';
import { Crowd, type CrowdOptions } from '../load/crowd.js';
import { liveQuery } from '../load/graphql.js';
import { HttpClient } from '../load/http.js';
import { cpuSeconds, settled } from '../measure/proc.js';
import type { Processes } from '../measure/processes.js';
import type { RedisServer } from '../measure/redis.js';
import { HOST, type Server, startServer } from '../measure/server.js';
import type { Sizes } from './sizes.js';

/** The measured process has this core to itself; the load side, Redis and the sending process share the other. */
export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

/** The time that any crowd may take to connect, to become live, or a server to come to rest. */
const PATIENCE_MS = 120_000;

/** What a run has, whichever scenario it is at. */
export interface Bench {
  readonly processes: Processes;
  readonly redis: RedisServer;
  readonly sizes: Sizes;
}

/** One contender over an empty Redis: the process that is measured, and a second one that messages are sent to. */
export class Stage {
  readonly roomId = 'bench';

  private constructor(
    readonly contender: Contender,
    readonly measured: Server,
    readonly sending: Server,
    readonly http: HttpClient,
  ) {}

  /**
   * Starts a contender, measures it, and ends it. Rejects with what `measure` rejects with, or with the measured
   * process' last words where it has died.
   */
  static async use<T>(bench: Bench, contender: Contender, measure: (stage: Stage) => Promise<T>): Promise<T> {
    const stage = await Stage.#open(bench, contender);
    let died: string | undefined;
    void stage.measured.ended.then((how) => {
      died = how;
    });
    try {
      return await measure(stage);
    } catch (error) {
      if (died === undefined) throw error;
      throw new Error(`The measured process ${died}: ${stage.measured.output().slice(-500)}`, {
        cause: error,
      });
    } finally {
      await stage.#close();
    }
  }

  static async #open({ processes, redis }: Bench, contender: Contender): Promise<Stage> {
    await redis.empty();
    const measured = await startServer(processes, contender, SERVER_CORE, redis.url);
    try {
      const sending = await startServer(processes, contender, LOAD_CORE, redis.url);
      return new Stage(contender, measured, sending, new HttpClient(HOST, sending.port));
    } catch (error) {
      await measured.stop();
      throw error;
    }
  }

  /** Opens clients of the measured process, by default with the plain live subscription. */
  crowd(size: number, options: Partial<CrowdOptions> = {}): Promise<Crowd> {
    const { roomId } = this;
    return Crowd.open(
      {
        host: HOST,
        port: this.measured.port,
        protocol: this.contender.protocol,
        size,
        roomId,
        operation: () => ({ query: liveQuery, variables: { roomId } }),
        ...options,
      },
      PATIENCE_MS,
    );
  }

  /** Waits until a probe has reached every client, and the server has come to rest. */
  async live(crowd: Crowd): Promise<void> {
    await this.rest(); // a probe that is sent before the first subscription is live reaches nobody
    await crowd.becomeLive((content) => this.send(content), PATIENCE_MS);
    await this.rest();
  }

  /** Lets clients come and go, so that what is measured after it runs warm. */
  async warmUp(size: number): Promise<void> {
    const crowd = await this.crowd(size);
    await this.live(crowd);
    crowd.close();
    await this.rest();
  }

  /** Sends one message through the second process; resolves to its id once it was accepted. */
  async send(content: string): Promise<string> {
    const { path, body } = this.contender.protocol.send(this.roomId, content);
    return this.contender.protocol.sentId(await this.http.post(path, body));
  }

  /** Waits until the measured process has nothing to do. */
  rest(): Promise<void> {
    return settled(this.measured.pid, PATIENCE_MS);
  }

  /** Starts to measure the CPU of the measured process; the function returns the seconds since. */
  cpuMeter(): () => number {
    const { pid } = this.measured;
    const start = cpuSeconds(pid);
    return () => cpuSeconds(pid) - start;
  }

  async #close(): Promise<void> {
    this.http.close();
    await Promise.all([this.measured.stop(), this.sending.stop()]);
  }
}
