import type { Address, NatMap } from '#redis/client/address.js';
import type { RedisTls } from '#redis/client/tls.js';

/** How to find the primary through Sentinels, and how to log in to it. */
export interface SentinelSettings {
  readonly sentinels: readonly Address[];
  /** The name of the primary, as in `sentinel monitor <name>`. */
  readonly name: string;
  /** The login of the Sentinels, which is not that of the servers. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** TLS to the Sentinels. Undefined for none. */
  readonly tls?: RedisTls | undefined;
  readonly natMap?: NatMap | undefined;
  /** The login and the database of the servers. */
  readonly server: {
    readonly username?: string | undefined;
    readonly password?: string | undefined;
    readonly database?: number | undefined;
  };
}

/** The login of the servers, as ioredis takes it. */
export function serverLogin({ server: { username, password, database = 0 } }: SentinelSettings) {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    db: database,
  };
}
