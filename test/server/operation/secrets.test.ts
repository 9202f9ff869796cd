/** Secrets between a client and the server are in no error and in no log line. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sessionIdOf } from '#redis/sessions/sessions.js';
import { post } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { type ServerProcess, spawnServer } from '#test/support/server.js';
import { bearer, signIn } from '#test/support/sign-in.js';
import { JWT, JWT_ENV, tokenOf } from '#test/support/tokens.js';
import { until } from '#test/support/until.js';
import { useRedis } from '#test/support/use-server.js';

const password = 'the-password-of-redis';
const said = 'what only the room may read';
const used = useRedis({ args: ['--requirepass', password], password });
let server: ServerProcess;

beforeAll(async () => {
  server = await spawnServer({ redisUrl: used.redis.url, LOG_LEVEL: 'trace', ...JWT_ENV });
});
afterAll(() => server?.close());

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
  // A store error, which contains the failed command.
  await used.redis.cli('DEL', 'messages:room1');
  await used.redis.cli('SET', 'messages:room1', 'no list');
  const { body } = await post(server, say);
  expect(body.errors?.[0]?.extensions?.code).toBe('INTERNAL_SERVER_ERROR');
  const { errorId } = body.errors![0]!.extensions as { errorId: string };
  await until(() => server.output.stdout.includes(errorId), { what: 'the fault in the log' });
  // An outage.
  await used.redis.kill();
  answers.push(body, (await post(server, say, bearer(token))).body);
  await until(() => server.output.stdout.includes('redis failed'), { what: 'the outage in the log' });

  const output = JSON.stringify([answers, server.output]);
  for (const secret of [token, signed, JWT.secret, password, said, 'Ann of the secret name']) {
    expect(output.includes(secret), secret).toBe(false);
  }
});
