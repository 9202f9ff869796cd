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

/** One server that is measured: how it is started, and how the load side speaks with it. */
export interface Contender {
  readonly name: ContenderName;
  /** What it is called in the report. */
  readonly title: string;
  /** `ours`: the server of this repository; `graphql` and `other` are its peers; `yardstick` serves one scenario. */
  readonly kind: 'ours' | 'graphql' | 'other' | 'yardstick';
  /** The page that its set-up follows. */
  readonly docs: string;
  /** npm packages whose installed versions the report names, looked up from `packagesFrom`. */
  readonly packages: readonly string[];
  /** Absolute path of the program that `node` runs. It takes PORT, HOST and REDIS_URL from its environment. */
  readonly program: string;
  /** Absolute path of the folder that the program runs in, and whose node_modules it uses. */
  readonly folder: string;
  /** Environment beside PORT, HOST, REDIS_URL and NODE_ENV=production. */
  readonly env: Readonly<Record<string, string>>;
  readonly protocol: Protocol;
}
