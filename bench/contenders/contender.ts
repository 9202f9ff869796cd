import type { Protocol } from '../load/protocol.js';

export type ContenderName =
  | 'ours'
  | 'graphql-ws'
  | 'yoga'
  | 'mercurius'
  | 'apollo'
  | 'socket-io'
  | 'raw-ws'
  | 'yoga-constant';

/** A server to measure: how to start it, and how the load generator talks to it. */
export interface Contender {
  readonly name: ContenderName;
  /** Its name in the report. */
  readonly title: string;
  /**
   * `ours` is the server in this repository; `graphql` and `other` are its peers; a `yardstick` is for one
   * scenario only.
   */
  readonly kind: 'ours' | 'graphql' | 'other' | 'yardstick';
  /** URL of the documentation that its setup follows. */
  readonly docs: string;
  /** npm packages whose versions the report lists, as installed in `folder`. */
  readonly packages: readonly string[];
  /**
   * Absolute path of the program that `node` runs. It reads PORT, HOST and REDIS_URL from its environment.
   */
  readonly program: string;
  /** Absolute path of the program's working directory, which contains its node_modules. */
  readonly folder: string;
  /** Environment variables in addition to PORT, HOST, REDIS_URL and NODE_ENV=production. */
  readonly env: Readonly<Record<string, string>>;
  readonly protocol: Protocol;
}
