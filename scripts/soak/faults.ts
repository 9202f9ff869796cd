import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '#dev/free-port.js';
import type { Site } from '../../test/support/site.js';
import type { Load } from './load.js';

/** A fault. The system may need more time to recover after `happen` resolves. */
export interface Fault {
  name: string;
  /** Causes the fault and ends it. Resolves when the cause is gone. `random` returns numbers from 0 to 1. */
  happen(site: Site, load: Load, random: () => number): Promise<void>;
}

/**
 * Index of the first node that may be stopped. Node 0 keeps running, so that its memory can be followed to
 * the end.
 */
const FIRST_TO_STOP = 1;

/** Waits for the duration of a fault: 0.5 to 3 seconds. */
const aWhile = (random: () => number) => sleep(500 + random() * 2_500);

const oneOf = <T>(values: readonly T[], random: () => number): T =>
  values[Math.floor(random() * values.length)]!;

const redisSetting = (name: string, settings: { command: string[]; back: string[] }): Fault => ({
  name,
  async happen({ redis }, _load, random) {
    const [command, ...args] = settings.command;
    const [back, ...backArgs] = settings.back;
    await redis.cli(command!, ...args);
    await aWhile(random);
    await redis.cli(back!, ...backArgs);
  },
});

export const FAULTS: readonly Fault[] = [
  {
    name: 'pub/sub connections killed, five times',
    async happen({ redis }, _load, random) {
      for (let kill = 0; kill < 5; kill += 1) {
        await redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await sleep(random() * 500);
      }
    },
  },
  {
    name: 'all connections to Redis killed',
    async happen({ redis }) {
      for (const type of ['pubsub', 'normal'])
        await redis.cli('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
    },
  },
  {
    name: 'Redis killed, then restarted with its data',
    async happen({ redis }, _load, random) {
      await redis.kill();
      await aWhile(random);
      await redis.restart();
    },
  },
  {
    name: 'Redis restarted gracefully',
    happen: ({ redis }) => redis.restart(),
  },
  {
    name: 'Redis hung, then resumed',
    async happen({ redis }, _load, random) {
      redis.hang();
      await aWhile(random);
      redis.resume();
    },
  },
  {
    name: 'SUBSCRIBE refused by ACL',
    async happen({ redis }, _load, random) {
      await redis.cli('ACL', 'SETUSER', 'default', '-subscribe');
      await redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await aWhile(random);
      await redis.cli('ACL', 'SETUSER', 'default', '+subscribe');
    },
  },
  redisSetting('Redis out of memory', {
    command: ['CONFIG', 'SET', 'maxmemory', '1'],
    back: ['CONFIG', 'SET', 'maxmemory', '0'],
  }),
  redisSetting('pub/sub clients disconnected by the output buffer limit', {
    command: ['CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 1 0 0'],
    back: ['CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 32mb 8mb 60'],
  }),
  {
    name: 'Redis made a replica of an unreachable primary',
    async happen({ redis }, _load, random) {
      await redis.cli('REPLICAOF', '127.0.0.1', String(await freePort()));
      await aWhile(random);
      await redis.cli('REPLICAOF', 'NO', 'ONE');
    },
  },
  {
    name: 'a node stopped by SIGTERM and replaced',
    async happen(site, _load, random) {
      const node = oneOf(site.nodes.slice(FIRST_TO_STOP), random);
      await site.addNode();
      node.signal('SIGTERM');
      const code = await node.exited;
      if (code !== 0) throw new Error(`A node exited with ${code}: ${node.output.stderr}`);
    },
  },
  {
    name: 'a node killed and replaced',
    async happen(site, _load, random) {
      const node = oneOf(site.nodes.slice(FIRST_TO_STOP), random);
      node.signal('SIGKILL');
      await node.exited;
      await site.addNode();
    },
  },
  {
    name: 'a node hung, then resumed',
    async happen(site, _load, random) {
      const node = oneOf(site.nodes, random);
      node.signal('SIGSTOP');
      await aWhile(random);
      node.signal('SIGCONT');
    },
  },
  {
    name: 'all viewers disconnected at once',
    async happen(_site, load) {
      load.dropAll();
    },
  },
  {
    name: 'malformed entries in the lists and on the channels',
    async happen({ redis }, load) {
      for (const roomId of load.rooms) {
        for (const command of ['LPUSH', 'RPUSH', 'PUBLISH']) {
          await redis.cli(command, `messages:${roomId}`, '{"id":"1-1"');
        }
      }
    },
  },
];
