import { performance } from 'node:perf_hooks';
import type { ClientGroup } from '../load/client-group.js';
import { contentOf } from '../load/content.js';
import { resumeQuery } from '../load/graphql.js';
import { isClean, Ledger, type Verdict } from '../load/ledger.js';
import { type CommandCounts, readsAmong } from '../measure/redis.js';
import { Harness } from './harness.js';
import { isOurs, type Scenario } from './scenario.js';

export interface Comeback {
  readonly clients: number;
  /** Redis commands that read data while all clients resumed. */
  readonly reads: number;
  readonly commands: CommandCounts;
  /** Server CPU per client that resumes and catches up, in microseconds. */
  readonly cpuMicros: number;
  /** Seconds until the last client had caught up. */
  readonly seconds: number;
  readonly verdict: Verdict;
}

export interface ComebackFigures {
  /** The number of messages that each client missed. */
  readonly behind: number;
  /** Server CPU per client for a plain connect-and-subscribe in the same process, in microseconds. */
  readonly plainCpuMicros: number;
  /** One result for each number of clients. */
  readonly comebacks: readonly Comeback[];
}

const LIMIT_MS = 120_000;
/** Messages in the room before the cursor. */
const EARLIER = 100;

export const comeback: Scenario<ComebackFigures> = {
  name: 'comeback',
  title: 'Comeback: all clients resume at once with their cursors',
  appliesTo: isOurs,
  run(bench, contender) {
    const { clients, behind, warmUp } = bench.sizes.comeback;
    return Harness.use(bench, contender, async (harness) => {
      await harness.warmUp(warmUp); // before sending the messages, because its probes are messages too
      const ids: string[] = [];
      for (let index = 0; index < EARLIER + behind; index += 1)
        ids.push(await harness.send(contentOf(index)));
      const after = ids[EARLIER - 1]!;

      /** Connects clients that resume, waits until all have caught up, and checks what they received. */
      const comeBack = async (size: number): Promise<{ group: ClientGroup; verdict: Verdict }> => {
        const ledger = new Ledger(true);
        const variables = { roomId: harness.roomId, after };
        const operation = () => ({ query: resumeQuery, variables });
        const group = await harness.openClients(size, { ledger, operation });
        const caughtUp = await group.until(size * behind, LIMIT_MS);
        const verdict = ledger.verdict(group.sample, EARLIER, EARLIER + behind);
        if (caughtUp && isClean(verdict)) return { group, verdict };
        throw new Error(
          `${group.delivered} of ${size * behind}. ${group.faults.join('; ')} ${JSON.stringify(verdict)}`,
        );
      };

      (await comeBack(warmUp)).group.close();
      await harness.waitUntilIdle();

      const most = Math.max(...clients);
      const plainCpu = harness.cpuMeter();
      const plain = await harness.openClients(most);
      await harness.waitUntilIdle();
      const plainCpuMicros = (plainCpu() * 1e6) / most;
      plain.close();
      await harness.waitUntilIdle();

      const comebacks: Comeback[] = [];
      for (const size of clients) {
        await bench.redis.resetCommands();
        const cpu = harness.cpuMeter();
        const start = performance.now();
        const { group, verdict } = await comeBack(size);
        const seconds = (performance.now() - start) / 1000;
        await harness.waitUntilIdle();
        const cpuMicros = (cpu() * 1e6) / size;
        const commands = await bench.redis.commands();
        // Check only when the server is idle, so that surplus messages have arrived too.
        if (!group.eachGot(behind))
          throw new Error(`Not every one of ${size} clients received exactly ${behind} messages.`);
        group.close();
        await harness.waitUntilIdle();
        comebacks.push({ clients: size, reads: readsAmong(commands), commands, cpuMicros, seconds, verdict });
      }
      return { behind, plainCpuMicros, comebacks };
    });
  },
};
