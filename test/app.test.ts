/** A node as an object: how to create, start and close it, and the effects of its configuration. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { configFromEnv } from '#config/config.js';
import { freePort } from '#dev/free-port.js';
import { paramsOf, post, run } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { eventStream, webSocket } from '#test/support/clients/transports.js';
import { MessageAdded, Messages, SendMessage } from '#test/support/documents.js';
import { say, texts } from '#test/support/say.js';
import { startServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { useRedis } from '#test/support/use-server.js';
import { createApp } from '../src/app.js';

const used = useRedis();

const configOf = (variables: Record<string, string> = {}) => ({
  ...configFromEnv({ PORT: '0', HOST: '127.0.0.1', LOG_LEVEL: 'silent', ...variables }),
  redisUrl: used.redis.url,
});

async function start(variables: Record<string, string | number>) {
  const server = await startServer({ redisUrl: used.redis.url, ...variables });
  onTestFinished(() => server.close());
  return server;
}

/** The sockets and servers that this process holds open. */
const handles = () =>
  process.getActiveResourcesInfo().filter((kind) => /TCP|Server|Socket/.test(kind)).length;

describe('a node', () => {
  test('accepts connections only between `listen` and `close`', async () => {
    const port = await freePort();
    const app = createApp(configOf({ PORT: String(port) }));
    const ask = () => fetch(`http://127.0.0.1:${port}/health/live`);
    await expect(ask()).rejects.toThrow();
    expect(await app.listen()).toBe(port);
    expect((await ask()).status).toBe(200);
    await app.close();
    await expect(ask()).rejects.toThrow();
  });

  test('can be closed twice, at once or later, and without having listened', async () => {
    const app = createApp(configOf());
    await app.listen();
    await Promise.all([app.close(), app.close()]);
    await app.close();

    const unused = createApp(configOf());
    await unused.close();
    await unused.close();
  });

  test('says why it cannot listen, and can still be closed', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as { port: number };
    const app = createApp(configOf({ PORT: String(port) }));
    await expect(app.listen()).rejects.toThrow('EADDRINUSE');
    await app.close();
  });

  test('leaves nothing open after it is closed', async () => {
    const before = handles();
    const server = await start({});
    const following = await Promise.all([
      webSocket.follow(server, MessageAdded, { roomId: 'room1' }),
      eventStream.follow(server, MessageAdded, { roomId: 'room1' }),
    ]);
    await say(server, 'room1', 'Hello');
    for (const one of following) await one.next();
    expect(handles()).toBeGreaterThan(before);

    await server.close();
    await until(() => handles() <= before, { what: 'every socket to be closed' });
  });

  test('leaves nothing behind if it is closed while a client is subscribing', async () => {
    const server = await start({ NODE_ID: 'closing' });
    const sockets = await Promise.all(Array.from({ length: 20 }, () => RawSocket.ready(server)));
    for (const socket of sockets) socket.subscribe('1', paramsOf(MessageAdded, { roomId: 'closing' }));
    await server.close();
    for (const socket of sockets) expect((await socket.closed).code).toBe(1001);
    expect(await used.redis.cli('EXISTS', 'connections:closing', 'node:closing')).toBe('0');
  });

  test('answers pending requests before it closes', async () => {
    const server = await start({});
    const sends = texts(50).map((content) =>
      run(server, SendMessage, { input: { roomId: 'busy', content } }).then(
        ({ sendMessage }) => sendMessage.id,
        () => undefined,
      ),
    );
    // The first request has been answered, so the others are in flight.
    await sends[0];
    await server.close();
    const answered = (await Promise.all(sends)).filter((id) => id !== undefined);
    expect(answered.length).toBeGreaterThan(0);
    const stored = (await used.redis.cli('LRANGE', 'messages:busy', '0', '-1'))
      .split('\n')
      .map((text) => JSON.parse(text).id);
    expect(stored).toEqual(expect.arrayContaining(answered));
  });

  test('reports that it is not ready while it closes', async () => {
    const server = await start({ SHUTDOWN_TIMEOUT_MS: 60_000 });
    const tcp = connect(Number(new URL(server.origin).port), '127.0.0.1').setEncoding('utf8');
    tcp.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nGET /health/ready HTTP/1.1\r\nHost: x\r\n');
    // The first request has been answered, so the second one, which is incomplete, is in flight.
    await once(tcp, 'data');
    const closed = server.close();
    tcp.write('\r\n');
    const [answer] = await once(tcp, 'data');
    expect(answer).toMatch(/^HTTP\/1\.1 503 .*"shutting down"/s);
    await closed;
  });
});

describe('the configuration', () => {
  const send = (content: string) => paramsOf(SendMessage, { input: { roomId: 'limits', content } });

  test('sets limits, which the schema describes', async () => {
    const server = await start({ CONTENT_LENGTH_LIMIT: 5, PAGE_SIZE_LIMIT: 2, ROOM_ID_LENGTH_LIMIT: 8 });
    expect((await post(server, send('12345'))).body.errors).toBeUndefined();
    expect((await post(server, send('123456'))).body).toMatchObject({
      errors: [{ extensions: { field: 'input.content', limit: 5 } }],
    });
    expect((await post(server, paramsOf(Messages, { roomId: 'limits', last: 3 }))).body).toMatchObject({
      errors: [{ extensions: { field: 'last', limit: 2 } }],
    });
    expect((await post(server, paramsOf(Messages, { roomId: 'nine-long' }))).body).toMatchObject({
      errors: [{ extensions: { field: 'roomId', limit: 8 } }],
    });
    const { body } = await post(server, {
      query: '{ __type(name: "SendMessageInput") { inputFields { name description } } }',
    });
    expect(JSON.stringify(body)).toContain('1 to 5 characters');
  });

  test('applies to one node and not to another in the same process', async () => {
    const [narrow, wide] = [await start({ CONTENT_LENGTH_LIMIT: 5 }), await start({})];
    expect((await post(narrow, send('123456'))).body.errors).toBeDefined();
    expect((await post(wide, send('123456'))).body.errors).toBeUndefined();
  });

  test('sets how many messages a room keeps', async () => {
    const server = await start({ HISTORY_LIMIT: 3 });
    await say(server, 'kept', ...texts(5));
    const { messages } = await run(server, Messages, { roomId: 'kept' });
    expect(messages.nodes.map(({ content }) => content)).toEqual(['text 3', 'text 4', 'text 5']);
    expect(await used.redis.cli('LLEN', 'messages:kept')).toBe('3');
  });

  test('sets how long messages are kept', async () => {
    const server = await start({ MESSAGE_TTL_SECONDS: 100 });
    await say(server, 'brief', 'Hello');
    const ttl = Number(await used.redis.cli('PTTL', 'messages:brief'));
    expect(ttl).toBeGreaterThan(40_000);
    expect(ttl).toBeLessThanOrEqual(100_000);
  });

  test('lets guests read always, but send only if they are allowed to', async () => {
    const server = await start({ ALLOW_GUESTS: 'false' });
    const refused = { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] };
    expect((await post(server, send('Hello'))).body).toMatchObject(refused);
    expect(await webSocket.ask(server, send('Hello'))).toMatchObject(refused);
    expect((await run(server, Messages, { roomId: 'room1' })).messages).toBeDefined();
    const following = await webSocket.follow(server, MessageAdded, { roomId: 'room1', last: 1 });
    following.leave();
  });

  test('names the node, or a random name is used', async () => {
    const servers = [await start({ NODE_ID: 'named' }), await start({}), await start({})];
    const members = await until(
      async () => {
        const names = (await used.redis.cli('KEYS', 'node:*')).split('\n');
        return names.length === servers.length ? names : undefined;
      },
      { what: 'three heartbeats' },
    );
    expect(members).toContain('node:named');
    expect(new Set(members!).size).toBe(3);
  });
});
