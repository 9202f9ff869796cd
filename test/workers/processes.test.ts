/** A server with several workers, as real processes. */
import { once } from 'node:events';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectionCount } from '#test/support/ask.js';
import { paramsOf, post } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { MessageAdded } from '#test/support/documents.js';
import { RawTcp } from '#test/support/raw-tcp.js';
import { say } from '#test/support/say.js';
import { runMain, type ServerProcess, spawnServer, untilReady } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { useRedis } from '#test/support/use-server.js';
import { isRunning, untilReplaced, workerPids } from '#test/support/workers.js';

const used = useRedis();
const here = { PORT: 0, HOST: '127.0.0.1' };

/** Each takes a second to start. */
const WORKERS = 2;

async function start(variables: Record<string, string | number> = {}): Promise<ServerProcess> {
  const server = await spawnServer({ redisUrl: used.redis.url, WORKERS, ...variables });
  onTestFinished(async () => {
    server.signal('SIGKILL');
    await server.exited;
  });
  await untilReady(server);
  return server;
}

/** Opens connections that follow a room, one after the other, which gives them to the workers in turn. */
async function follow(server: ServerProcess, roomId: string, count: number): Promise<RawSocket[]> {
  const sockets: RawSocket[] = [];
  while (sockets.length < count) {
    const socket = await RawSocket.ready(server);
    socket.subscribe('1', paramsOf(MessageAdded, { roomId }));
    sockets.push(socket);
  }
  await until(async () => (await connectionCount(server, roomId)) === count, { what: 'all to be counted' });
  return sockets;
}

/** How many connections to a room each node has, by node id. */
async function byNode(roomId: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const members = (await used.redis.cli('SMEMBERS', `connections:${roomId}`)).split('\n');
  for (const member of members.filter((one) => one !== '')) {
    const node = member.slice(0, member.lastIndexOf(':'));
    counts[node] = (counts[node] ?? 0) + 1;
  }
  return counts;
}

async function metricsOf(server: ServerProcess): Promise<string[]> {
  return (await (await fetch(`${server.origin}/metrics`)).text()).split('\n');
}

function kill(pid: number | undefined): void {
  process.kill(pid!, 'SIGKILL');
}

describe('several workers', () => {
  test('serve one port, with a node id each, and deliver to each other', async () => {
    const server = await start({ NODE_ID: 'site', WORKERS: 3 });
    const sockets = await follow(server, 'shared', 6);
    expect(await byNode('shared')).toEqual({ 'site-1': 2, 'site-2': 2, 'site-3': 2 });
    await say(server, 'shared', 'Hello');
    for (const socket of sockets) {
      expect(await socket.next()).toMatchObject({
        payload: { data: { messageAdded: { content: 'Hello' } } },
      });
    }
    expect(new Set(server.log.map(({ node }) => node))).toContain('site');
  });

  test('have ids of their own if the server has no name, and show the metrics of all', async () => {
    const server = await start();
    await follow(server, 'unnamed', WORKERS);
    const nodes = Object.keys(await byNode('unnamed')).sort();
    expect(nodes).toEqual([expect.stringMatching(/^[0-9a-f]{12}-1$/), nodes[0]!.replace(/1$/, '2')]);

    const lines = await metricsOf(server);
    const of = (name: string) => lines.filter((line) => line.startsWith(`${name}{`));
    for (const name of ['streamly_subscriptions', 'streamly_worker_up']) {
      expect(of(name)).toEqual([`${name}{worker="1"} 1`, `${name}{worker="2"} 1`]);
    }
    expect(lines).toContain('streamly_worker_restarts_total 0');
    const described = lines.filter((line) => line.startsWith('# TYPE '));
    expect(new Set(described).size).toBe(described.length);
  });
});

describe('a worker that dies', () => {
  test('is replaced, and its connections are counted out by its replacement', async () => {
    // Its own heartbeat would expire after three minutes: nobody but its replacement can count them out.
    const server = await start({ NODE_ID: 'killed', PRESENCE_HEARTBEAT_MS: 60_000 });
    const sockets = await follow(server, 'killed', 6);
    const [first] = workerPids(server);
    kill(first);
    const left = await Promise.all(
      sockets.map((socket) =>
        Promise.race([socket.closed.then(() => []), socket.untilNow().then(() => [socket])]),
      ),
    );
    expect(left.flat()).toHaveLength(3);
    await until(async () => (await connectionCount(server, 'killed')) === 3, {
      what: 'its connections to be counted out',
    });
    expect(await byNode('killed')).toEqual({ 'killed-2': 3 });
    await untilReplaced(server, WORKERS);
    await follow(server, 'after', 2);
    expect(await byNode('after')).toEqual({ 'killed-1': 1, 'killed-2': 1 });
    expect(await metricsOf(server)).toContain('streamly_worker_restarts_total 1');
  });

  test('does not keep the client waiting whose connection was just handed over to it', async () => {
    const server = await start();
    const stopped = workerPids(server);
    // None of them takes another connection, and each has one handed over to it.
    for (const pid of stopped) process.kill(pid, 'SIGSTOP');
    const clients = await Promise.all(stopped.map(() => RawTcp.open(server)));
    for (const pid of stopped) kill(pid);
    await Promise.all(clients.map(({ closed }) => closed));
    await untilReplaced(server, WORKERS, WORKERS);
  });

  test('is also replaced if an operator ends it by SIGTERM, which closes its connections properly', async () => {
    const server = await start();
    const sockets = await follow(server, 'rolling', 3);
    process.kill(workerPids(server)[0]!, 'SIGTERM');
    const closing = await Promise.race(sockets.map(({ closed }) => closed));
    expect(closing.code).toBe(1001);
    await untilReplaced(server, WORKERS);
    expect(server.log.filter(({ level }) => level !== 'info')).toEqual([]);
  });
});

describe('limits', () => {
  /** The status that refuses another connection, or undefined if it is admitted. */
  const another = (server: ServerProcess, sockets: RawSocket[]) =>
    RawSocket.open(server).then(
      (socket) => void sockets.push(socket),
      (error: Error) => /\d{3}$/.exec(error.message)?.[0],
    );

  test('on the connections of an address hold for all workers together', async () => {
    const server = await start({ CONNECTIONS_PER_ADDRESS: 5 });
    const sockets: RawSocket[] = [];
    const answers = await Promise.all(Array.from({ length: 20 }, () => another(server, sockets)));
    expect(answers.filter((status) => status === '429')).toHaveLength(15);
    expect(sockets).toHaveLength(5);

    await sockets.pop()!.close();
    await until(async () => (await another(server, sockets)) === undefined, { what: 'one to be admitted' });
    expect(await another(server, sockets)).toBe('429');

    // Those of a worker that dies no longer count.
    kill(workerPids(server)[1]);
    await Promise.race(sockets.map(({ closed }) => closed));
    const isOpen = ({ socket }: RawSocket) => socket.readyState === socket.OPEN;
    await untilReplaced(server, WORKERS);
    expect(sockets.filter(isOpen).length).toBeLessThan(5);
    await until(async () => (await another(server, sockets)) === '429', { what: 'the limit' });
    expect(sockets.filter(isOpen)).toHaveLength(5);
  });

  test('on all connections are divided among the workers', async () => {
    const server = await start({ CONNECTIONS_LIMIT: 3 });
    const sockets: RawSocket[] = [];
    const answers: (string | undefined)[] = [];
    while (answers.length < 8) answers.push(await another(server, sockets));
    // Two on each of two workers.
    expect(sockets).toHaveLength(4);
    expect(answers.filter((status) => status === '503')).toHaveLength(4);
  });

  test('on what an address leaves unread hold for all workers together', async () => {
    const content = '😀'.repeat(500);
    const store = new Redis(used.redis.testerUrl);
    const first = Date.now();
    const entries = Array.from({ length: 200 }, (_, at) => {
      const author = { id: 'guest:Ann', name: 'Ann' };
      const prev = at === 0 ? '0' : `${first}-${at - 1}`;
      return JSON.stringify({ id: `${first}-${at}`, prev, roomId: 'large', author, content });
    });
    await store.lpush('messages:large', ...entries);
    await store.expire('messages:large', 3_600);
    store.disconnect();
    const server = await start({
      QUERY_COST_LIMIT: 0,
      QUERY_ALIASES_LIMIT: 0,
      QUERY_TOKENS_LIMIT: 0,
      RESPONSE_BYTES_LIMIT: 0,
      UNREAD_BYTES_PER_CONNECTION: 0,
      UNREAD_BYTES_LIMIT: 0,
      UNREAD_BYTES_PER_ADDRESS: 20_000_000,
    });
    const fields = Array.from({ length: 15 }, (_, at) => `a${at}: content`).join(' ');
    const page = (at: number) => `q${at}: messages(roomId: "large", last: 200) { nodes { ${fields} } }`;
    const query = `{ ${[0, 1, 2, 3, 4].map(page).join(' ')} }`;
    const closed = async () => {
      const lines = await metricsOf(server);
      const counts = lines.flatMap(
        (line) => /^streamly_rejected_connections_total\{.*reason="unread"\} (\d+)$/.exec(line)?.[1] ?? [],
      );
      return counts.map(Number);
    };
    // More than the system takes, and 15 million UTF-16 units, which is what counts.
    const ask = async () => {
      const client = await RawTcp.open(server);
      onTestFinished(() => client.end());
      client.socket.pause();
      const body = JSON.stringify({ query });
      await client.write(
        `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
    };
    await ask();
    await ask();
    await until(async () => (await closed()).some((count) => count > 0), { what: 'one to be closed' });
    expect((await closed()).sort()).toEqual([0, 1]);
  });
});

describe('a server with several workers', () => {
  test.each<[string, Record<string, string | number>, RegExp]>([
    ['WORKERS', { WORKERS: 'many' }, /^WORKERS must be auto or an integer between 1 and 64, got "many"\.\n$/],
    ['TRUSTED_DOCUMENTS', { WORKERS, TRUSTED_DOCUMENTS: 'missing.json' }, /^TRUSTED_DOCUMENTS .*\n$/],
    ['HOST', { WORKERS, HOST: '203.0.113.1' }, /^HOST 203\.0\.113\.1 is not an address .*\n$/],
  ])(
    'exits with 1 and one sentence that names %s if its value is wrong',
    async (_name, variables, sentence) => {
      const main = runMain({ ...here, REDIS_URL: used.redis.url, ...variables });
      expect(await main.exited).toBe(1);
      expect(main.output.stderr).toMatch(sentence);
      expect(main.output.stdout).not.toContain('Streamly');
    },
  );

  test('exits with 1 and one sentence if the port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as { port: number };
    const main = runMain({ ...here, WORKERS, PORT: port, REDIS_URL: used.redis.url });
    expect(await main.exited).toBe(1);
    expect(main.output.stderr).toMatch(new RegExp(`^PORT ${port} is already in use .*\\.\\n$`));
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('completes everything on %s and exits with 0', async (signal) => {
    const nodeId = `all-end-${signal}`;
    const server = await start({ NODE_ID: nodeId });
    const sockets = await follow(server, nodeId, 4);
    const pids = workerPids(server);
    // As Ctrl-C in a terminal does: every process gets the signal, and each worker a second one from the first process.
    for (const pid of pids) process.kill(pid, signal);
    server.signal(signal);
    for (const socket of sockets) {
      expect(await socket.next()).toEqual({ id: '1', type: 'complete' });
      expect((await socket.closed).code).toBe(1001);
    }
    expect(await server.exited).toBe(0);
    expect(pids.filter(isRunning)).toEqual([]);
    const nodes = [1, 2].map((number) => `node:${nodeId}-${number}`);
    expect(await used.redis.cli('EXISTS', `connections:${nodeId}`, ...nodes)).toBe('0');
    expect(server.output.stderr).toBe('');
    expect(server.log.filter(({ level }) => level !== 'info')).toEqual([]);
    expect(server.log.filter(({ msg }) => msg === 'shutting down')).toHaveLength(3);
  });

  test('cuts off requests that do not end within SHUTDOWN_TIMEOUT_MS', async () => {
    const server = await start({ SHUTDOWN_TIMEOUT_MS: 200 });
    const half = request(server.url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Content-Length': 100 },
    });
    const broken = once(half, 'error');
    half.write('{"query":');
    // All workers have seen what was sent before.
    for (let turn = 0; turn < 4; turn += 1) await post(server, { query: '{ __typename }' });
    server.signal('SIGTERM');
    expect(await server.exited).toBe(0);
    await broken;
  });

  test('ends with its primary process', async () => {
    const server = await start();
    const sockets = await follow(server, 'orphans', 3);
    const pids = workerPids(server);
    server.signal('SIGKILL');
    await Promise.all(sockets.map(({ closed }) => closed));
    await until(() => !pids.some(isRunning), { what: 'the workers to end' });
  });
});
