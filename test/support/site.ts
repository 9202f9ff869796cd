import { fileURLToPath, pathToFileURL } from 'node:url';
import type { EntryId } from '#domain/cursor.js';
import { isMessage } from '#domain/entry.js';
import type { Message } from '#domain/message.js';
import { decodeEntry } from '#redis/room-log/codec.js';
import type { Cluster } from './cluster.js';
import { type Counts, Ledger, type ReceivedMessages } from './ledger.js';
import { type RedisServer, type StartRedisOptions, startRedis } from './redis-server.js';
import { ResumingViewer, type ViewerOptions } from './resuming-viewer.js';
import { MessageSender, type MessageSenderOptions } from './sender.js';
import { type ServerProcess, spawnServer, untilReady } from './server.js';
import { until } from './until.js';

export type Variables = Record<string, string | number | undefined>;

export interface SiteOptions {
  /** The number of nodes. Defaults to 1. */
  nodes?: number;
  redis?: StartRedisOptions;
  /** A server that runs already, instead. It ends with the site. */
  server?: RedisServer;
  /** A running Cluster instead of a Redis of its own. Its test closes it. */
  cluster?: Cluster;
  /** Configuration variables for every node. */
  variables?: Variables;
}

/** A viewer whose messages are counted. */
export interface CountedViewer extends ReceivedMessages {
  readonly roomId: string;
  /** The newest received message. */
  readonly cursor: EntryId | undefined;
  close(): Promise<void>;
}

/** What a node of a site uses after a garbage collection. */
export interface Holdings {
  heapUsed: number;
  external: number;
  rss: number;
  /** What keeps its event loop alive, by kind. */
  handles: Record<string, number>;
}

const WATCHED = pathToFileURL(fileURLToPath(new URL('./watched-node.mjs', import.meta.url))).href;

/** Senders run more operations at a time than a person would, and a test repeats a field under aliases. */
const NO_LIMITS: Variables = { OPERATIONS_PER_CONNECTION: 0, QUERY_ALIASES_LIMIT: 0 };

/**
 * Several nodes, each in its own process, on one Redis or a Cluster, with viewers and senders whose messages are counted.
 */
export class Site {
  /** The running nodes. */
  readonly nodes: ServerProcess[] = [];
  readonly viewers: CountedViewer[] = [];
  readonly senders: MessageSender[] = [];
  readonly #all: ServerProcess[] = [];
  #named = 0;

  private constructor(
    private readonly own: RedisServer | undefined,
    private readonly cluster: Cluster | undefined,
    readonly variables: Variables,
  ) {}

  static async start({ nodes = 1, redis, server, cluster, variables = {} }: SiteOptions = {}): Promise<Site> {
    const own = cluster ? undefined : (server ?? (await startRedis(redis)));
    const site = new Site(own, cluster, variables);
    try {
      const started = await Promise.all(Array.from({ length: nodes }, () => site.addNode()));
      await Promise.all(started.map(untilReady));
      return site;
    } catch (error) {
      await site.close();
      throw error;
    }
  }

  /** The Redis of this site. Throws if the site uses a Cluster. */
  get redis(): RedisServer {
    if (this.own === undefined) throw new Error('This site uses a Cluster.');
    return this.own;
  }

  /**
   * Starts another node. `program` is the main file of another version. Resolves when it accepts connections.
   */
  async addNode(variables: Variables = {}, program?: string): Promise<ServerProcess> {
    const node = await spawnServer(
      {
        redisUrl: this.own?.url,
        ...this.cluster?.variables,
        NODE_OPTIONS: `--import=${WATCHED}`,
        ...NO_LIMITS,
        ...this.variables,
        ...variables,
      },
      program,
    );
    this.nodes.push(node);
    this.#all.push(node);
    void node.exited.then(() => {
      const place = this.nodes.indexOf(node);
      if (place >= 0) this.nodes.splice(place, 1);
    });
    return node;
  }

  /** The node with this number, wrapping around. */
  node(number = 0): ServerProcess {
    const node = this.nodes[number % this.nodes.length];
    if (node === undefined) throw new Error('No node is running.');
    return node;
  }

  /** Adds a viewer that reconnects, by default to all nodes in turn. */
  viewer(roomId: string, options: Partial<ViewerOptions> = {}): ResumingViewer {
    this.#named += 1;
    let turn = this.#named;
    const server = () => this.node(turn++);
    return this.add(new ResumingViewer({ name: `viewer ${this.#named}`, roomId, server, ...options }));
  }

  /** Adds a viewer: its messages are counted, and it is closed with the site. */
  add<T extends CountedViewer>(viewer: T): T {
    this.viewers.push(viewer);
    return viewer;
  }

  /** Adds a sender to a room, by default through all nodes in turn. */
  sender(roomId: string, options: Partial<MessageSenderOptions> = {}): MessageSender {
    this.#named += 1;
    const sender = new MessageSender({
      name: `sender${this.#named}`,
      roomId,
      servers: () => this.nodes,
      ...options,
    });
    this.senders.push(sender);
    return sender;
  }

  /** The messages in a room's list, oldest first. Skips entries that are not messages. */
  async stored(roomId: string, redis?: RedisServer): Promise<Message[]> {
    const key = `messages:${roomId}`;
    const server = redis ?? (this.cluster ? (await this.cluster.shardOf(key)).primary : this.redis);
    const list = await server.cli('LRANGE', key, '0', '-1');
    return list
      .split('\n')
      .map((line) => decodeEntry(line, roomId))
      .filter((entry) => entry !== undefined && isMessage(entry))
      .reverse();
  }

  /** Records in a ledger what was stored, accepted and received in a room so far. */
  async audit(roomId: string, ledger: Ledger, redis?: RedisServer): Promise<void> {
    const viewers = this.viewers.filter((viewer) => viewer.roomId === roomId);
    // Messages received before the list is read must be in it.
    const received = viewers.map((viewer) => viewer.received.length);
    ledger.stored(await this.stored(roomId, redis));
    for (const sender of this.senders) {
      if (sender.roomId === roomId) ledger.acknowledged(sender.acknowledged);
    }
    for (const [index, viewer] of viewers.entries()) ledger.received(viewer, received[index]);
  }

  /**
   * Sends one more message, waits until every viewer of the room has received it, and counts. All viewers
   * must have started at the beginning of the room.
   */
  async count(roomId: string, ledger = new Ledger(), redis?: RedisServer): Promise<Counts> {
    const last = await this.sender(roomId).sendOne();
    const viewers = this.viewers.filter((viewer) => viewer.roomId === roomId);
    const waiting = () => viewers.filter(({ cursor }) => cursor !== last.id).map(({ name }) => name);
    await until(() => waiting().length === 0, {
      what: 'the last message to reach every viewer',
      timeout: 20_000,
    }).catch((error: unknown) => console.error(`${roomId}: ${waiting().join(', ')} still waits: ${error}`));
    await this.audit(roomId, ledger, redis);
    return ledger.counts;
  }

  /** What a node uses now. */
  async holdings(node: ServerProcess): Promise<Holdings> {
    const logged = node.output.stdout.length;
    node.signal('SIGWINCH');
    const find = () => /^\{"holds":.*$/m.exec(node.output.stdout.slice(logged))?.[0];
    return JSON.parse((await until(find, { what: 'a node to tell what it holds' }))!).holds;
  }

  /** Ends everything that was started here, in any state. */
  async close(): Promise<void> {
    this.own?.resume();
    await Promise.all([...this.viewers, ...this.senders].map((client) => client.close()));
    for (const node of this.nodes) node.signal('SIGKILL');
    await Promise.all(this.#all.map((node) => node.exited));
    await this.own?.close();
  }
}
