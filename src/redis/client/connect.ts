/**
 * One connection to Redis, from its socket to "ready":
 *
 *   socket opens → AUTH, SELECT → INFO → ready, or closed and tried again
 */
import type { AbstractConnector, Redis } from 'ioredis';
import { modeError, type RedisMode } from './mode.js';
import { modeOf } from './server-mode.js';

/** The part of ioredis' connector that is extended here. It opens sockets, and judges the answer to INFO. */
type Connector = Pick<AbstractConnector, 'connect'> & { check(info: Record<string, string>): boolean };

/**
 * Starts connecting and returns the client. It becomes ready only if Redis accepted the database of the URL and is
 * of the expected kind. ioredis alone would go on in database 0, and in a Cluster each send would fail with
 * CROSSSLOT. Until then the client emits the reason as 'error', and keeps trying.
 *
 * Each socket also gets an error listener that stays: ioredis removes its own after the first error, and a second
 * one (such as a TLS alert after a failed handshake) would crash the process.
 */
export function connect(client: Redis, expected: RedisMode = 'single'): Redis {
  const { connector } = client as unknown as { connector: Connector };
  const openStream = connector.connect.bind(connector);
  const check = connector.check.bind(connector);
  let databaseRefused = false;
  client.on('error', (error: Error & { command?: { name: string } }) => {
    if (error.command?.name === 'select') databaseRefused = true;
  });
  connector.connect = async (onError) => {
    databaseRefused = false;
    const stream = await openStream(onError);
    stream.on('error', () => undefined);
    return stream;
  };
  connector.check = (info) => {
    const mode = modeOf((field) => info[field]) === 'cluster' ? 'cluster' : 'single';
    if (mode !== expected) client.emit('error', modeError(client, expected));
    return mode === expected && !databaseRefused && check(info);
  };
  // The client reports a failure through its 'error' event, and retries.
  client.connect().catch(() => undefined);
  return client;
}
