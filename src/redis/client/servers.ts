import type { Redis } from 'ioredis';
import type { Commands, Writer } from './commands.js';
import type { Replica } from './replicas.js';

/** One Redis server that a node is connected to. */
export interface Server {
  /** `host:port` of a shard's primary in a Cluster. Empty if there is only one server. */
  readonly name: string;
  /** For commands that concern the server itself, such as INFO, PING and TIME. */
  readonly redis: Redis;
}

/**
 * Redis as a node sees it: one server, or the shards of a Cluster. It reconnects and follows changes until it is closed.
 */
export interface Servers {
  /** Everything but subscriptions and sends. Commands fail at once while the server of their key is away. */
  readonly commands: Commands;
  /**
   * Runs work on the connection for sends to the server that has this key. Everything that the work sends goes over
   * this one connection, so a WAIT after a script waits for what the script wrote. In a Cluster, work that is answered
   * with MOVED or ASK is run again on the right shard: Redis has not executed anything then.
   */
  write<T>(key: string, work: (writer: Writer) => Promise<T>): Promise<T>;
  /**
   * A replica of the server that has this key, each of them in turn. Undefined if none is connected, or if replicas are not
   * to be read. What it holds may be old, and it may have failed when it is asked.
   */
  replicaOf(key: string): Replica | undefined;
  /** Subscriptions of the feed. */
  readonly channels: Channels;
  /** Whether the keys are spread over the slots of a Cluster. */
  readonly isCluster: boolean;
  /** The number of the database. 0 in a Cluster. */
  readonly database: number;
  /** The servers that are connected now, one for each shard. */
  connected(): readonly Server[];
  /** The names of servers that are not connected. Empty if all are. */
  away(): readonly string[];
  /** What cannot be used now, in words for the operator: servers, and slots that no server has. Empty if all is well. */
  missing(): readonly string[];
  /** Whether the server that has this key is connected. */
  isConnected(key: string): boolean;
  /**
   * Calls the listener whenever a server is connected, or connected again: what it held may be lost, and what changed
   * meanwhile did not reach it. `holds` tells whether a key is on that server. Returns a function that stops this.
   */
  onConnected(listener: (holds: (key: string) => boolean) => void): () => void;
  /**
   * Resolves if Redis can serve: the server answers; in a Cluster, most shards do. Throws SERVICE_UNAVAILABLE with the
   * reason, for the operator.
   */
  check(): Promise<void>;
  /**
   * Resolves to true once all servers are connected, or to false after `withinMs`. Throws a RedisModeError if the server
   * that answered is of another kind than the settings say.
   */
  ready(withinMs: number): Promise<boolean>;
  /** Closes all connections within the command timeout, even if Redis does not answer. Safe to call twice. */
  close(): Promise<void>;
}

/** Pub/sub over all servers. In a Cluster, a channel belongs to the shard that has the slot of its name. */
export interface Channels {
  /** The command that publishes in a script. */
  readonly publishCommand: 'PUBLISH' | 'SPUBLISH';
  /** Whether the connection that a channel needs is up. */
  isConnected(channel: string): boolean;
  /** Resolves once Redis has acknowledged the subscription. Throws Redis and connection errors unchanged. */
  subscribe(channel: string): Promise<void>;
  /** Resolves once Redis has acknowledged. Throws Redis and connection errors unchanged. */
  unsubscribe(channel: string): Promise<void>;
  /** Calls the listener with each message. Returns a function that stops this. */
  onMessage(listener: (channel: string, text: string) => void): () => void;
  /**
   * Calls the listener when subscriptions are gone and can be renewed now: after a reconnect and, in a Cluster, when
   * the slot of a channel has moved. `isLost` tells which channels. Returns a function that stops this.
   */
  onLost(listener: (isLost: (channel: string) => boolean) => void): () => void;
  /** Reconnects the connection of this channel, because only a new connection settles what is subscribed. */
  reconnect(channel: string): void;
}
