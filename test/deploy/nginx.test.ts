/** Checks deploy/cluster/nginx.conf. What starts nginx runs where it is installed: `apt-get install nginx`. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { delivery } from '#config/variables/delivery.js';
import { protection } from '#config/variables/protection.js';
import { requestLimits } from '#config/variables/request-limits.js';
import { freePort } from '#dev/free-port.js';
import { ask } from '#test/support/ask.js';
import { EventStream } from '#test/support/clients/event-stream.js';
import { post } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { addressesOf, type TestServer } from '#test/support/server.js';
import { Site } from '#test/support/site.js';
import { until } from '#test/support/until.js';

const conf = await readFile('deploy/cluster/nginx.conf', 'utf8');
const compose = parse(await readFile('deploy/cluster/compose.yaml', 'utf8'), { merge: true });
const hasNginx = spawnSync('nginx', ['-v']).status === 0;

/** The arguments of a directive, wherever it stands. */
const valuesOf = (directive: string): string[] =>
  [...conf.matchAll(new RegExp(`^\\s*${directive}\\s+([^;]+);`, 'gm'))].map(([, value = '']) => value);
const seconds = (directive: string) =>
  valuesOf(directive).map((value) => Number(/^(\d+)s$/.exec(value)?.[1]));

describe('deploy/cluster/nginx.conf', () => {
  test('sends viewers to every chat server of the compose file', () => {
    const services = Object.keys(compose.services).filter((name) => name.startsWith('api'));
    expect(valuesOf('server(?= api)').map((value) => value.split(':')[0])).toEqual(services);
  });

  test('closes idle connections before the chat servers do', () => {
    const least = Math.min(
      protection.variables.KEEP_ALIVE_TIMEOUT_MS.default,
      compose.services.api1.environment.KEEP_ALIVE_TIMEOUT_MS,
    );
    for (const timeout of seconds('keepalive_timeout')) expect(timeout * 1_000).toBeLessThan(least);
  });

  test('waits longer than the heartbeat of quiet WebSockets and event streams', () => {
    const [timeout = 0] = seconds('proxy_read_timeout');
    expect(timeout * 1_000).toBeGreaterThan(2 * delivery.variables.HEARTBEAT_MS.default);
  });

  test('leaves refusing large requests to the chat servers', () => {
    expect(valuesOf('client_max_body_size')).toEqual(['1m']);
    expect(requestLimits.variables.MESSAGE_BYTES_LIMIT.default).toBeLessThan(1_048_576);
  });
});

describe.skipIf(!hasNginx)('nginx with three chat servers (needs nginx)', () => {
  let dir: string;
  let site: Site;
  let nginx: ChildProcess;
  let front: TestServer;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'streamly-test-nginx-'));
    // In production, only pages of the same origin may connect, so Host must arrive as the client sent it.
    const variables = { NODE_ENV: 'production', ALLOW_GUESTS: 'true', TRUST_PROXY: 1 };
    site = await Site.start({ nodes: 3, variables: { ...variables, RATE_SESSIONS_PER_ADDRESS: 2 } });
    const port = await freePort();
    const ports = site.nodes.map(({ origin }) => new URL(origin).port);
    const file = join(dir, 'nginx.conf');
    await writeFile(
      file,
      conf
        .replace(/server api(\d):4000/g, (_, number) => `server 127.0.0.1:${ports[number - 1]}`)
        .replace('listen 8080', `listen 127.0.0.1:${port}`)
        .replaceAll('/tmp/', `${dir}/`),
    );
    const args = ['-e', 'stderr', '-p', dir, '-c', file];
    const tested = spawnSync('nginx', ['-t', ...args], { encoding: 'utf8' });
    expect(tested.stderr).toContain('test is successful');
    nginx = spawn('nginx', [...args, '-g', 'daemon off;'], { stdio: 'ignore' });
    front = { ...addressesOf(port), close: async () => undefined };
    await until(async () => (await fetch(`${front.origin}/health/live`)).ok, { what: 'nginx' });
  });

  afterAll(async () => {
    if (nginx?.kill('SIGTERM')) await once(nginx, 'exit');
    await site?.close();
    await rm(dir, { recursive: true, force: true });
  });

  const subscription = (roomId: string) => ({
    query: 'subscription ($roomId: ID!) { messageAdded(roomId: $roomId, after: "0") { content } }',
    variables: { roomId },
  });
  const query = (headers: Record<string, string> = {}) => post(front, { query: '{ __typename }' }, headers);

  /** Sends through nginx as a guest, who needs a name. */
  const say = (roomId: string, content: string) =>
    ask(front, {
      query: 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { content } }',
      variables: { input: { roomId, content, author: 'Ann' } },
    });

  test('passes WebSockets through', async () => {
    const socket = await RawSocket.ready(front, undefined, { Origin: front.origin });
    socket.subscribe('1', subscription('sockets'));
    expect(await say('sockets', 'hello')).toEqual({ sendMessage: { content: 'hello' } });
    expect(await socket.next()).toMatchObject({ payload: { data: { messageAdded: { content: 'hello' } } } });
    socket.socket.terminate();
  });

  test('passes each event of a stream on at once', async () => {
    const stream = await EventStream.open(front, subscription('streams'));
    for (const content of ['one', 'two', 'three']) {
      await say('streams', content);
      expect((await stream.nextResult()).data).toEqual({ messageAdded: { content } });
    }
    stream.crash();
  });

  test('lets pages of the same host connect, and no others', async () => {
    expect((await query({ Origin: front.origin })).status).toBe(200);
    expect((await query({ Origin: 'https://elsewhere.example' })).status).toBe(403);
  });

  test('tells the chat servers the address of a viewer, whatever the viewer writes into the header', async () => {
    const codes: unknown[] = [];
    for (const forwarded of ['198.51.100.1', '198.51.100.2', '198.51.100.3']) {
      const mutation = { query: 'mutation { startSession(name: "Ann") { token } }' };
      const { body } = await post(front, mutation, { 'X-Forwarded-For': forwarded });
      codes.push(body.errors?.[0]?.extensions?.code);
    }
    expect(codes).toEqual([undefined, undefined, 'RATE_LIMITED']);
  });

  test('keeps the metrics to itself', async () => {
    expect((await fetch(`${front.origin}/metrics`)).status).toBe(404);
  });

  test('answers every request while a chat server is dead, and sockets find another one', async () => {
    const sockets = await Promise.all(Array.from({ length: 6 }, () => RawSocket.ready(front)));
    const closed = () => sockets.filter(({ socket }) => socket.readyState === socket.CLOSED).length;
    const [victim] = site.nodes;
    victim!.signal('SIGKILL');
    await victim!.exited;
    const statuses = [];
    for (let turn = 0; turn < 30; turn += 1) statuses.push((await query()).status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(await say('after', 'still here')).toEqual({ sendMessage: { content: 'still here' } });

    // least_conn had spread them over the three.
    await until(() => closed() > 0, { what: 'the sockets of the dead server to close' });
    expect(closed()).toBeLessThan(sockets.length);
    for (const { socket } of [...sockets, await RawSocket.ready(front)]) socket.terminate();
  });
});
