import { type Address, addressText, type NatMap } from '#redis/client/address.js';
import { choosePrimary, isSame, type Report, replicasOf } from './choose.js';
import { connectSentinel, type SentinelLogin } from './sentinel.js';

/** Settings of `followPrimary`. */
export interface FollowOptions extends SentinelLogin {
  /** All Sentinels, or enough of them that one is always reachable. */
  readonly sentinels: readonly Address[];
  readonly natMap?: NatMap | undefined;
  /** Milliseconds that a Sentinel may take to connect or to answer. */
  timeoutMs: number;
  /** A Sentinel cannot be used. Called once for each reason. Must not throw. */
  onProblem?(sentinel: string, problem: Error): void;
  /** If given, the Sentinels are asked for the replicas too, and this is called with what they know. Must not throw. */
  onReplicas?(replicas: readonly Address[]): void;
}

/** The primary of a group that Sentinels watch over. */
export interface Primary {
  /** The primary's address. Undefined until a Sentinel has named it. */
  readonly current: Address | undefined;
  /** Why no primary is known. Undefined if one is. */
  readonly problem: string | undefined;
  /** Resolves once the address is known. Throws only after `close`, with ioredis' error for a closed connection. */
  locate(): Promise<Address>;
  /** Calls the listener as soon as the primary is another server than before. Must not throw. */
  onMoved(listener: () => void): void;
  /** Disconnects from the Sentinels. Safe to call twice. */
  close(): void;
}

/** At the start, how long to wait for slower Sentinels once one has answered, because the first may be behind. */
const SETTLE_MS = 500;

/**
 * Follows the primary by the word of all Sentinels, over one connection to each. It starts at once, and keeps trying
 * those that are away. A node has one of these, whatever the number of its connections to Redis.
 */
export function followPrimary(options: FollowOptions): Primary {
  const { sentinels, natMap, timeoutMs, onProblem, onReplicas } = options;
  const reports: (Report | undefined)[] = sentinels.map(() => undefined);
  const problems: (string | undefined)[] = sentinels.map(() => undefined);
  const listeners: (() => void)[] = [];
  let waiting: { resolve(address: Address): void; reject(error: Error): void }[] = [];
  let current: Address | undefined;
  let settling: NodeJS.Timeout | undefined;
  let isClosed = false;

  function decide(): void {
    const chosen = choosePrimary(reports, performance.now());
    if (isClosed || chosen === undefined || isSame(chosen, current)) return;
    const isMove = current !== undefined;
    current = chosen;
    for (const { resolve } of waiting.splice(0)) resolve(chosen);
    if (isMove) for (const listener of listeners) listener();
  }

  /** Decides now if a primary is known already or if every Sentinel has been heard, and soon otherwise. */
  function reconsider(): void {
    const heard = reports.every((report, index) => report !== undefined || problems[index] !== undefined);
    if (current !== undefined || heard) decide();
    else if (reports.some((report) => report !== undefined))
      settling ??= setTimeout(decide, SETTLE_MS).unref();
  }

  const translate = ({ host, port }: Address) => natMap?.get(addressText({ host, port })) ?? { host, port };

  const login = { ...options, withReplicas: onReplicas !== undefined };
  const connections = sentinels.map((address, index) =>
    connectSentinel(address, login, timeoutMs, {
      onReport: (report) => {
        reports[index] = { ...report, ...translate(report), replicas: report.replicas.map(translate) };
        problems[index] = undefined;
        reconsider();
        if (current !== undefined) onReplicas?.(replicasOf(current, reports));
      },
      onProblem: (problem) => {
        if (problems[index] !== problem.message) onProblem?.(addressText(address), problem);
        problems[index] = problem.message;
        reconsider();
      },
    }),
  );

  return {
    get current() {
      return current;
    },
    get problem() {
      if (current !== undefined) return undefined;
      return problems.find((problem) => problem !== undefined) ?? 'The Sentinels have not answered yet.';
    },
    locate: () => {
      if (isClosed) return Promise.reject(closedError());
      if (current !== undefined) return Promise.resolve(current);
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    onMoved: (listener) => void listeners.push(listener),
    close: () => {
      isClosed = true;
      clearTimeout(settling);
      for (const connection of connections) connection.close();
      for (const { reject } of waiting) reject(closedError());
      waiting = [];
    },
  };
}

/** ioredis does not report this error of a client that is being closed. */
function closedError(): Error {
  return new Error('Connection is closed.');
}
