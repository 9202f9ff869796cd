import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '#dev/free-port.js';
import type { Site } from '../../test/support/site.js';
import type { Audience } from './audience.js';

/** A thing that goes wrong. It resolves once it is over and mended; what it breaks needs time to heal still. */
export interface Fault {
  name: string;
  /** `random` gives numbers from 0 up to 1. */
  happen(site: Site, audience: Audience, random: () => number): Promise<void>;
}

/** The first node is spared, so that its memory can be followed from the beginning to the end. */
const SPARED = 1;

/** How long a fault of some duration lasts, in milliseconds. */
const aWhile = (random: () => number) => sleep(500 + random() * 2_500);

const oneOf = <T>(values: readonly T[], random: () => number): T =>
  values[Math.floor(random() * values.length)]!;

const redisSetting = (name: string, settings: { command: string[]; back: string[] }): Fault => ({
  name,
  async happen({ redis }, _audience, random) {
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
    async happen({ redis }, _audience, random) {
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
    name: 'Redis killed, back later with its data',
    async happen({ redis }, _audience, random) {
      await redis.kill();
      await aWhile(random);
      await redis.restart();
    },
  },
  {
    name: 'Redis restarted in good order',
    happen: ({ redis }) => redis.restart(),
  },
  {
    name: 'Redis hung, and resumed',
    async happen({ redis }, _audience, random) {
      redis.hang();
      await aWhile(random);
      redis.resume();
    },
  },
  {
    name: 'SUBSCRIBE refused by ACL',
    async happen({ redis }, _audience, random) {
      await redis.cli('ACL', 'SETUSER', 'default', '-subscribe');
      await redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await aWhile(random);
      await redis.cli('ACL', 'SETUSER', 'default', '+subscribe');
    },
  },
  redisSetting('Redis without memory', {
    command: ['CONFIG', 'SET', 'maxmemory', '1'],
    back: ['CONFIG', 'SET', 'maxmemory', '0'],
  }),
  redisSetting('subscribers kicked for their output buffer', {
    command: ['CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 1 0 0'],
    back: ['CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 32mb 8mb 60'],
  }),
  {
    name: 'Redis a replica of a master that is away',
    async happen({ redis }, _audience, random) {
      await redis.cli('REPLICAOF', '127.0.0.1', String(await freePort()));
      await aWhile(random);
      await redis.cli('REPLICAOF', 'NO', 'ONE');
    },
  },
  {
    name: 'a node ended by SIGTERM, another in its place',
    async happen(site, _audience, random) {
      const node = oneOf(site.nodes.slice(SPARED), random);
      await site.addNode();
      node.signal('SIGTERM');
      const code = await node.exited;
      if (code !== 0) throw new Error(`A node ended with ${code}: ${node.output.stderr}`);
    },
  },
  {
    name: 'a node killed, another in its place',
    async happen(site, _audience, random) {
      const node = oneOf(site.nodes.slice(SPARED), random);
      node.signal('SIGKILL');
      await node.exited;
      await site.addNode();
    },
  },
  {
    name: 'a node hung, and resumed',
    async happen(site, _audience, random) {
      const node = oneOf(site.nodes, random);
      node.signal('SIGSTOP');
      await aWhile(random);
      node.signal('SIGCONT');
    },
  },
  {
    name: 'all viewers dropped at once',
    async happen(_site, audience) {
      audience.dropAll();
    },
  },
  {
    name: 'malformed things in the lists and on the channels',
    async happen({ redis }, audience) {
      for (const roomId of audience.rooms) {
        for (const command of ['LPUSH', 'RPUSH', 'PUBLISH']) {
          await redis.cli(command, `messages:${roomId}`, '{"id":"1-1"');
        }
      }
    },
  },
];
