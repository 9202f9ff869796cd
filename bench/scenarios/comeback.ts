import { performance } from 'node:perf_hooks';
import { contentOf } from '../load/content.js';
import type { Crowd } from '../load/crowd.js';
import { resumeQuery } from '../load/graphql.js';
import { isClean, Ledger, type Verdict } from '../load/ledger.js';
import { type CommandCounts, readsAmong } from '../measure/redis.js';
import { isOurs, type Scenario } from './scenario.js';
import { Stage } from './stage.js';

export interface Comeback {
  readonly clients: number;
  /** Commands that read data from Redis while all came back. */
  readonly reads: number;
  readonly commands: CommandCounts;
  /** The server's CPU for one client that comes back and catches up, in microseconds. */
  readonly cpuMicros: number;
  /** Seconds until the last one had caught up. */
  readonly seconds: number;
  readonly verdict: Verdict;
}

export interface ComebackFigures {
  /** What each client has missed. */
  readonly behind: number;
  /** A plain connect-and-subscribe of the most clients, in the same process, in microseconds. */
  readonly plainCpuMicros: number;
  /** One for each number of clients. */
  readonly comebacks: readonly Comeback[];
}

const LIMIT_MS = 120_000;
const EARLIER = 100;

export const comeback: Scenario<ComebackFigures> = {
  name: 'comeback',
  title: 'Comeback: all clients return at once with their cursors',
  appliesTo: isOurs,
  run(bench, contender) {
    const { clients, behind, warmUp } = bench.sizes.comeback;
    return Stage.use(bench, contender, async (stage) => {
      await stage.warmUp(warmUp); // before the messages: its probes are messages too
      const ids: string[] = [];
      for (let index = 0; index < EARLIER + behind; index += 1) ids.push(await stage.send(contentOf(index)));
      const after = ids[EARLIER - 1]!;

      /** Opens clients that come back, waits until all have caught up, and holds it against what they missed. */
      const comeBack = async (size: number): Promise<{ crowd: Crowd; verdict: Verdict }> => {
        const ledger = new Ledger(true);
        const variables = { roomId: stage.roomId, after };
        const operation = () => ({ query: resumeQuery, variables });
        const crowd = await stage.crowd(size, { ledger, operation });
        const caughtUp = await crowd.until(size * behind, LIMIT_MS);
        const verdict = ledger.verdict(crowd.sample, EARLIER, EARLIER + behind);
        if (caughtUp && isClean(verdict)) return { crowd, verdict };
        throw new Error(
          `${crowd.delivered} of ${size * behind}. ${crowd.faults.join('; ')} ${JSON.stringify(verdict)}`,
        );
      };

      (await comeBack(warmUp)).crowd.close();
      await stage.rest();

      const most = Math.max(...clients);
      const plainCpu = stage.cpuMeter();
      const plain = await stage.crowd(most);
      await stage.rest();
      const plainCpuMicros = (plainCpu() * 1e6) / most;
      plain.close();
      await stage.rest();

      const comebacks: Comeback[] = [];
      for (const size of clients) {
        await bench.redis.resetCommands();
        const cpu = stage.cpuMeter();
        const start = performance.now();
        const { crowd, verdict } = await comeBack(size);
        const seconds = (performance.now() - start) / 1000;
        await stage.rest();
        const cpuMicros = (cpu() * 1e6) / size;
        const commands = await bench.redis.commands();
        // After rest, so that a message too many would have been seen.
        if (!crowd.eachGot(behind)) throw new Error(`Not each of ${size} clients got exactly ${behind}.`);
        crowd.close();
        await stage.rest();
        comebacks.push({ clients: size, reads: readsAmong(commands), commands, cpuMicros, seconds, verdict });
      }
      return { behind, plainCpuMicros, comebacks };
    });
  },
};
