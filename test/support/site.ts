import { fileURLToPath, pathToFileURL } from 'node:url';
import type { EntryId } from '#domain/cursor.js';
import { isMessage } from '#domain/entry.js';
import type { Message } from '#domain/message.js';
import { decodeEntry } from '#redis/room-log/codec.js';
import { type Counts, Ledger, type Received } from './ledger.js';
import { type RedisServer, type StartRedisOptions, startRedis } from './redis-server.js';
import { ResumingViewer, type ViewerOptions } from './resuming-viewer.js';
import { MessageSender, type MessageSenderOptions } from './sender.js';
import { type ServerProcess, spawnServer } from './server.js';
import { until } from './until.js';

export type Variables = Record<string, string | number | undefined>;

export interface SiteOptions {
  /** How many nodes; 1 where not given. */
  nodes?: number;
  redis?: StartRedisOptions;
  /** What every node is configured with. */
  variables?: Variables;
}

/** A viewer whose messages are counted. */
export interface Counted extends Received {
  readonly roomId: string;
  /** The newest message it has. */
  readonly cursor: EntryId | undefined;
  close(): Promise<void>;
}

/** What a node of a watched site holds, after a garbage collection. */
export interface Holdings {
  heapUsed: number;
  external: number;
  rss: number;
  /** What keeps its event loop alive, by kind. */
  handles: Record<string, number>;
}

const WATCHED = pathToFileURL(fileURLToPath(new URL('./watched-node.mjs', import.meta.url))).href;

/** A sender has more operations under way than a person would, and a test selects the same field again. */
const NO_LIMITS: Variables = { OPERATIONS_PER_CONNECTION: 0, QUERY_ALIASES_LIMIT: 0 };

/** Several nodes, each a process of its own, over one Redis, with viewers and senders that are counted. */
export class Site {
  /** The nodes that run. */
  readonly nodes: ServerProcess[] = [];
  readonly viewers: Counted[] = [];
  readonly senders: MessageSender[] = [];
  readonly #all: ServerProcess[] = [];
  #named = 0;

  private constructor(
    readonly redis: RedisServer,
    readonly variables: Variables,
  ) {}

  static async start({ nodes = 1, redis, variables = {} }: SiteOptions = {}): Promise<Site> {
    const site = new Site(await startRedis(redis), variables);
    try {
      await Promise.all(Array.from({ length: nodes }, () => site.addNode()));
      return site;
    } catch (error) {
      await site.close();
      throw error;
    }
  }

  /** Starts another node, of this version or of the one whose main file is given; resolves once it accepts connections. */
  async addNode(variables: Variables = {}, program?: string): Promise<ServerProcess> {
    const node = await spawnServer(
      {
        redisUrl: this.redis.url,
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

  /** The node of that number, counted round. */
  node(number = 0): ServerProcess {
    const node = this.nodes[number % this.nodes.length];
    if (node === undefined) throw new Error('No node runs.');
    return node;
  }

  /** A viewer who comes back; on the nodes in turn where no server is given. */
  viewer(roomId: string, options: Partial<ViewerOptions> = {}): ResumingViewer {
    this.#named += 1;
    let turn = this.#named;
    const server = () => this.node(turn++);
    return this.counts(new ResumingViewer({ name: `viewer ${this.#named}`, roomId, server, ...options }));
  }

  /** Has a viewer counted, and closed with the site; gives it back. */
  counts<T extends Counted>(viewer: T): T {
    this.viewers.push(viewer);
    return viewer;
  }

  /** Someone who sends into a room; through all nodes in turn where no servers are given. */
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

  /** What a room's list holds, oldest first; what is no message is left out. */
  async stored(roomId: string, redis = this.redis): Promise<Message[]> {
    const list = await redis.cli('LRANGE', `messages:${roomId}`, '0', '-1');
    return list
      .split('\n')
      .map((line) => decodeEntry(line, roomId))
      .filter((entry) => entry !== undefined && isMessage(entry))
      .reverse();
  }

  /** Has a ledger take what was stored, accepted and received in a room until now. */
  async audit(roomId: string, ledger: Ledger, redis = this.redis): Promise<void> {
    const viewers = this.viewers.filter((viewer) => viewer.roomId === roomId);
    // What was received before the list is read stands in it.
    const received = viewers.map((viewer) => viewer.received.length);
    ledger.stored(await this.stored(roomId, redis));
    for (const sender of this.senders) {
      if (sender.roomId === roomId) ledger.acknowledged(sender.acknowledged);
    }
    for (const [index, viewer] of viewers.entries()) ledger.received(viewer, received[index]);
  }

  /**
   * Sends one more message, waits until every viewer of the room has it, and counts. All of them must have
   * begun at the room's beginning.
   */
  async count(roomId: string, ledger = new Ledger(), redis = this.redis): Promise<Counts> {
    const last = await this.sender(roomId).one();
    const viewers = this.viewers.filter((viewer) => viewer.roomId === roomId);
    await until(() => viewers.every(({ cursor }) => cursor === last.id), {
      what: 'the last message to reach every viewer',
      timeout: 20_000,
    }).catch((error: unknown) => console.error(error));
    await this.audit(roomId, ledger, redis);
    return ledger.counts;
  }

  /** What a node holds now. */
  async holdings(node: ServerProcess): Promise<Holdings> {
    const told = node.output.stdout.length;
    node.signal('SIGWINCH');
    const find = () => /^\{"holds":.*$/m.exec(node.output.stdout.slice(told))?.[0];
    return JSON.parse((await until(find, { what: 'a node to tell what it holds' }))!).holds;
  }

  /** Ends all that was started here, in whatever state it is. */
  async close(): Promise<void> {
    this.redis.resume();
    await Promise.all([...this.viewers, ...this.senders].map((client) => client.close()));
    for (const node of this.nodes) node.signal('SIGKILL');
    await Promise.all(this.#all.map((node) => node.exited));
    await this.redis.close();
  }
}
