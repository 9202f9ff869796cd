import type { Redis } from 'ioredis';

/** The commands on one key that the modules of redis/ use. Each takes the key as its first argument. */
export const KEY_COMMANDS = [
  'del',
  'exists',
  'get',
  'getrange',
  'lindex',
  'llen',
  'lrange',
  'pexpire',
  'pttl',
  'sadd',
  'scard',
  'set',
  'sismember',
  'srem',
  'sscan',
] as const;

/** Scripts: digest or text, the number of keys, the keys, the arguments. All keys are in one slot. */
export const SCRIPT_COMMANDS = ['eval', 'evalsha'] as const;

/**
 * Commands on keys that may be on any server. A client of ioredis is one, and so are the shards of a Cluster, which
 * send each command to the shard that has its key. Commands of one turn of the event loop share a round trip.
 */
export type Commands = Pick<Redis, (typeof KEY_COMMANDS)[number] | (typeof SCRIPT_COMMANDS)[number]>;

/** The connection for sends of one server: scripts, and WAIT for the replicas of what they wrote. */
export type Writer = Commands & Pick<Redis, 'wait'>;
