/**
 * The connection to one Sentinel:
 *
 *   connect → SUBSCRIBE → ask → report; ask again after each announcement, and every second
 */
import { Redis } from 'ioredis';
import { type Address, addressText } from '#redis/client/address.js';
import { connect } from '#redis/client/connect.js';
import type { RedisTls } from '#redis/client/tls.js';
import type { Report } from './choose.js';
import { explainSentinelError } from './explain.js';

/** How to log in to a Sentinel, and whom to ask about. */
export interface SentinelLogin {
  /** The name of the primary, as in `sentinel monitor <name>`. */
  readonly name: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** If given, the connection uses TLS. `{}` trusts the authorities that Node trusts. */
  readonly tls?: RedisTls | undefined;
}

/** What to ask a Sentinel, and as whom. */
export interface SentinelQuestions extends SentinelLogin {
  /** Whether to ask for the replicas too. */
  readonly withReplicas?: boolean;
}

/** What happens on the connection. No listener may throw. */
export interface SentinelListener {
  onReport(report: Report): void;
  /** The Sentinel cannot be used now. The connection keeps trying. */
  onProblem(problem: Error): void;
}

/** How often a Sentinel is asked, in case an announcement was lost. */
const ASK_MS = 1_000;

/**
 * Announcements after which the answer may have changed. The Sentinel that leads a failover knows the new primary from
 * `+promoted-slave` on, but announces `+switch-master` only when the other replicas follow it.
 */
const ANNOUNCEMENTS = ['+switch-master', '+promoted-slave'];

/** Connects to a Sentinel, and reports what it knows until closed. Throws nothing. */
export function connectSentinel(
  address: Address,
  { name, username, password, tls, withReplicas = false }: SentinelQuestions,
  timeoutMs: number,
  { onReport, onProblem }: SentinelListener,
): { close(): void } {
  const sentinel = addressText(address);
  const client = new Redis({
    host: address.host,
    port: address.port,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls }),
    lazyConnect: true,
    // A Sentinel is ready as soon as it answers, and a Redis that is named by mistake fails the first question.
    enableReadyCheck: false,
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: timeoutMs,
    connectTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disconnectTimeout: 0,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 6), ASK_MS),
  });
  let isClosed = false;
  /** Why the connection failed, so that its end is not reported as another problem. */
  let failure: Error | undefined;

  function fail(error: Error): void {
    failure = error;
    if (!isClosed) onProblem(explainSentinelError(error, sentinel, name));
  }

  async function ask(): Promise<void> {
    if (client.status !== 'ready') return;
    // In this order: if the primary changes in between, the address is newer than its epoch, and never older.
    const [master, primary, replicas] = await Promise.all([
      client.call('SENTINEL', 'MASTER', name),
      client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name),
      withReplicas ? client.call('SENTINEL', 'REPLICAS', name) : [],
    ]);
    failure = undefined;
    if (isClosed) return;
    const [host, port] = primary as [string, string];
    onReport({
      host,
      port: Number(port),
      epoch: Number(fieldOf(master as string[], 'config-epoch') ?? 0),
      at: performance.now(),
      replicas: (replicas as string[][]).flatMap(replicaOf),
    });
  }

  client.on('error', fail);
  client.on('close', () => {
    if (failure === undefined) fail(new Error('it closed the connection'));
  });
  client.on('message', () => void ask().catch(fail));
  client.on('ready', () => {
    failure = undefined;
    // Subscribe first, so that no announcement falls between the answer and the subscription.
    Promise.all([client.subscribe(...ANNOUNCEMENTS), ask()]).catch(fail);
  });
  const timer = setInterval(() => void ask().catch(fail), ASK_MS).unref();
  connect(client);

  return {
    close: () => {
      isClosed = true;
      clearInterval(timer);
      client.disconnect();
    },
  };
}

/** Flags of a server that a Sentinel cannot reach. */
const AWAY = /s_down|o_down|disconnected/;

/** The address of a replica in the answer to SENTINEL REPLICAS, unless it is away. */
function replicaOf(fields: readonly string[]): Address[] {
  const [host, port] = [fieldOf(fields, 'ip'), Number(fieldOf(fields, 'port'))];
  if (!host || !port || AWAY.test(fieldOf(fields, 'flags') ?? '')) return [];
  return [{ host, port }];
}

/** A value in a list of names and values. Undefined if the name is not in it. */
function fieldOf(fields: readonly string[], name: string): string | undefined {
  const index = fields.findIndex((field, place) => place % 2 === 0 && field === name);
  return index < 0 ? undefined : fields[index + 1];
}
