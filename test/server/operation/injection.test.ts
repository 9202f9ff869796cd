/** Text from outside that tries to be more than text: in headers, in the log and in terminal output. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { post } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { RawTcp, upgradeHead } from '#test/support/raw-tcp.js';
import { type ServerProcess, spawnServer, untilReady } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { useRedis } from '#test/support/use-server.js';

const SECRET = 'correct-horse-battery';
const used = useRedis({ args: ['--requirepass', SECRET], password: SECRET });
let server: ServerProcess;
beforeAll(async () => {
  server = await spawnServer({ redisUrl: used.redis.url, LOG_LEVEL: 'trace', REDIS_TIMEOUT_MS: 500 });
  await untilReady(server);
});
afterAll(() => server?.close());

const FORGED = '\n{"level":"fatal","msg":"forged"}\r\n\u001b[2J\u2028';

describe('the server', () => {
  test.each([
    ['an origin', ['Origin: https://a.example\r\nX-Injected: yes']],
    ['a bare line feed', ['Origin: https://a.example\nX-Injected: yes']],
    ['a bare carriage return', ['Origin: https://a.example\rX-Injected: yes']],
    ['a null byte', ['Origin: https://a.example\0']],
    ['two lengths', ['Content-Length: 5', 'Content-Length: 50']],
    ['a length and chunks', ['Content-Length: 5', 'Transfer-Encoding: chunked']],
  ])('refuses %s without repeating it', async (_what, headers) => {
    const connection = await RawTcp.open(server);
    await connection.write(`${upgradeHead(headers)}\r\n`);
    await connection.closed;
    expect(connection.received).not.toMatch(/injected/i);
    expect(connection.received).toMatch(/^HTTP\/1\.1 4\d\d /);
  });

  test('answers 400 to a malformed Host header without leaking details', async () => {
    const connection = await RawTcp.open(server);
    await connection.write(
      'GET /graphql?query={__typename} HTTP/1.1\r\nHost: [\r\nConnection: close\r\n\r\n',
    );
    await connection.closed;
    expect(connection.received).toMatch(/^HTTP\/1\.1 400 /);
    expect(connection.received).not.toMatch(/node_modules|at .*\(/);
  });

  test.each(['variables', 'extensions'])('refuses %s of a GET that are not JSON', async (name) => {
    const logged = server.log.length;
    const answer = await fetch(`${server.url}?query={__typename}&${name}={`);
    expect(answer.status).toBe(400);
    expect((await answer.json()).errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT', field: name } },
    ]);
    expect(server.log.slice(logged).filter(({ level }) => level === 50 || level === 'error')).toEqual([]);
  });

  test('creates no header from a line break in a path', async () => {
    const connection = await RawTcp.open(server);
    await connection.write('GET /%0d%0aX-Injected:%20yes HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await connection.closed;
    expect(connection.received).toMatch(/^HTTP\/1\.1 404 /);
    expect(connection.received).not.toMatch(/injected/i);
  });

  test('echoes the headers that a preflight asks for in a single header', async () => {
    const response = await fetch(server.url, {
      method: 'OPTIONS',
      headers: { Origin: server.origin, 'Access-Control-Request-Headers': 'x-a, <script>' },
    });
    expect(response.headers.get('access-control-allow-headers')).toBe('x-a, <script>');
    expect(await response.text()).toBe('');
  });
});

describe('the log', () => {
  /** Everything logged until now. */
  const written = async () => {
    const name = `Marker${server.log.length}`;
    await post(server, { query: `query ${name} { __typename }` });
    await until(() => server.output.stdout.includes(name), { what: 'the marker' });
    return server.output.stdout + server.output.stderr;
  };

  test('has one record per line, whatever clients send', async () => {
    const said = 'my-secret-message';
    await post(server, {
      query: 'mutation Say($input: SendMessageInput!) { sendMessage(input: $input) { id } }',
      variables: { input: { roomId: 'r', author: 'Eve', content: said } },
    });
    await post(server, { query: '{ messages(roomId: "a") { nodes { id } } }', operationName: FORGED });
    await post(server, {
      query: 'query ($id: ID!) { room(id: $id) { id } }',
      variables: { id: FORGED },
    });
    await used.redis.cli('LPUSH', 'messages:broken', FORGED);
    await post(server, { query: '{ messages(roomId: "broken") { nodes { id } } }' });
    const socket = await RawSocket.ready(server);
    socket.send(FORGED);
    await socket.closed;

    const text = await written();
    const lines = text.split('\n').filter((line) => line !== '' && !/^Streamly Chat|^Redis /.test(line));
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records.map(({ msg }) => msg)).not.toContain('forged');
    expect(records.filter(({ level }) => level === 'fatal')).toEqual([]);
    expect(text).not.toContain('\u001b');
    // One line per operation, without its content.
    expect(records).toContainEqual(
      expect.objectContaining({
        msg: 'operation',
        kind: 'mutation',
        name: 'Say',
        transport: 'http',
        failed: false,
      }),
    );
    expect(text).not.toContain(said);
    expect(text).not.toContain('Eve');
  });

  test('truncates long operation names', async () => {
    const name = 'N'.repeat(5_000);
    await post(server, { query: `query ${name} { __typename }` });
    expect(await written()).not.toContain('N'.repeat(65));
  });

  test('never contains the password of Redis, even while Redis is down, and neither do responses', async () => {
    await used.redis.kill();
    const answers = [
      await post(server, { query: '{ messages(roomId: "r") { nodes { id } } }' }),
      await fetch(`${server.origin}/health/ready`).then((response) => response.text()),
      await fetch(`${server.origin}/metrics`).then((response) => response.text()),
    ];
    await until(() => server.log.some(({ msg }) => msg === 'redis failed'), { what: 'the log to say so' });
    await used.redis.restart();
    expect((await written()) + JSON.stringify(answers)).not.toContain(SECRET);
  });

  test("never contains a client's token", async () => {
    const token = 'token-of-somebody';
    await post(server, { query: '{ __typename }' }, { Authorization: `Bearer ${token}` });
    const socket = await RawSocket.open(server);
    socket.send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
    await Promise.race([socket.closed, socket.next()]);
    socket.crash();
    expect(await written()).not.toContain(token);
  });
});
