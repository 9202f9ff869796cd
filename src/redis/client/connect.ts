/**
 * One connection to Redis, from its socket to "ready":
 *
 *   socket opens → AUTH, SELECT → INFO → ready, or closed and tried again
 */
import type { AbstractConnector, Redis } from 'ioredis';
import { addressText } from './address.js';
import { modeError, modeOf, type RedisMode } from './mode.js';
import type { Primary } from './sentinel/primary.js';

/** The part of ioredis' connector that is extended here. It opens sockets, and judges the answer to INFO. */
type Connector = Pick<AbstractConnector, 'connect'> & { check(info: Record<string, string>): boolean };

/**
 * Starts connecting and returns the client. It becomes ready only if Redis accepted the database and is of the expected
 * kind. ioredis alone would go on in database 0, and in a Cluster each send would fail with CROSSSLOT. Until then the
 * client emits the reason as 'error', and keeps trying.
 *
 * If a primary is given, the client connects to it wherever it is, and moves as soon as it is another server. It does
 * not wait for the connection to break, because a server that hangs keeps its connections open. Commands that wait for
 * an answer fail then. A server that says it is a replica is never ready.
 *
 * Each socket also gets an error listener that stays: ioredis removes its own after the first error, and a second
 * one (such as a TLS alert after a failed handshake) would crash the process.
 */
export function connect(client: Redis, expected: RedisMode = 'single', primary?: Primary): Redis {
  const { connector } = client as unknown as { connector: Connector };
  const openStream = connector.connect.bind(connector);
  const check = connector.check.bind(connector);
  let databaseRefused = false;
  client.on('error', (error: Error & { command?: { name: string } }) => {
    if (error.command?.name === 'select') databaseRefused = true;
  });
  let stream: Awaited<ReturnType<typeof openStream>> | undefined;
  connector.connect = async (onError) => {
    databaseRefused = false;
    // Without Sentinels, open the socket in this turn: ioredis ignores a disconnect that comes before it is opened.
    const address = primary && (await primary.locate());
    if (address) Object.assign(client.options, address);
    stream = await openStream(onError);
    stream.on('error', () => undefined);
    // It moved in the meantime. ioredis tries again.
    if (primary?.current !== address) stream.destroy();
    return stream;
  };
  primary?.onMoved(() => stream?.destroy());
  connector.check = (info) => {
    const refusal = refusalOf(client, info, expected, primary);
    if (refusal) client.emit('error', refusal);
    return refusal === undefined && !databaseRefused && check(info);
  };
  // The client reports a failure through its 'error' event, and retries.
  client.connect().catch(() => undefined);
  return client;
}

/** Why a server must not be used, by its INFO. Undefined if it may be. */
function refusalOf(
  client: Redis,
  info: Record<string, string>,
  expected: RedisMode,
  primary: Primary | undefined,
): Error | undefined {
  const mode = modeOf((field) => info[field]);
  if (mode === 'sentinel' || (mode === 'cluster') !== (expected === 'cluster')) {
    return modeError(client, expected, mode);
  }
  if (primary?.current === undefined || info.role === undefined || info.role === 'master') return undefined;
  const address = addressText(primary.current);
  return new Error(`The Sentinels name ${address} as the primary, but it is a replica. Trying again.`);
}
