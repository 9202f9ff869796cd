/** What must stay between a client and the server is in no error, and in no line of the log. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sessionIdOf } from '#redis/sessions/sessions.js';
import { post } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { type RedisServer, startRedis } from '#test/support/redis-server.js';
import { type ServerProcess, spawnServer } from '#test/support/server.js';
import { bearer, signIn } from '#test/support/sign-in.js';
import { JWT, JWT_ENV, tokenOf } from '#test/support/tokens.js';
import { until } from '#test/support/until.js';

const password = 'the-password-of-redis';
const said = 'what only the room may read';
let redis: RedisServer;
let server: ServerProcess;

beforeAll(async () => {
  redis = await startRedis({ args: ['--requirepass', password], password });
  server = await spawnServer({ redisUrl: redis.url, LOG_LEVEL: 'trace', ...JWT_ENV });
});
afterAll(async () => {
  await server?.close();
  await redis?.close();
});

test('logs no tokens, passwords or messages', async () => {
  const { token } = await signIn(server, 'Ann of the secret name');
  const signed = await tokenOf();
  const say = {
    query: `mutation { sendMessage(input: { roomId: "room1", content: "${said}" }) { id } }`,
  };
  const answers: unknown[] = [];
  for (const shown of [token, signed, `${token}x`, `${signed}x`, sessionIdOf(token)]) {
    const { body } = await post(server, say, bearer(shown));
    answers.push(body);
    const socket = await RawSocket.open(server);
    socket.send({ type: 'connection_init', payload: { authorization: `Bearer ${shown}` } });
    answers.push(await Promise.race([socket.next().catch(String), socket.closed]));
    socket.crash();
  }
  // A fault of the store: what it was asked to do stands in its error.
  await redis.cli('DEL', 'messages:room1');
  await redis.cli('SET', 'messages:room1', 'no list');
  const { body } = await post(server, say);
  expect(body.errors?.[0]?.extensions?.code).toBe('INTERNAL_SERVER_ERROR');
  const { errorId } = body.errors![0]!.extensions as { errorId: string };
  await until(() => server.output.stdout.includes(errorId), { what: 'the fault in the log' });
  // And an outage.
  await redis.kill();
  answers.push(body, (await post(server, say, bearer(token))).body);
  await until(() => server.output.stdout.includes('redis failed'), { what: 'the outage in the log' });

  const told = JSON.stringify([answers, server.output]);
  for (const secret of [token, signed, JWT.secret, password, said, 'Ann of the secret name']) {
    expect(told.includes(secret), secret).toBe(false);
  }
});
