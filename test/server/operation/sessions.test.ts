/** Authentication over each transport, and the end of sessions. */
import { afterEach, describe, expect, test } from 'vitest';
import { sessionIdOf } from '#redis/sessions/sessions.js';
import { EventStream } from '#test/support/clients/event-stream.js';
import { post } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { type ServerOptions, startServer, type TestServer } from '#test/support/server.js';
import { bearer, signIn } from '#test/support/sign-in.js';
import { JWT_ENV, startIssuer, tokenOf } from '#test/support/tokens.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer({ SESSION_CHECK_MS: 50, ...JWT_ENV });
const ended: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(ended.splice(0).map((end) => end()));
});

const WHO = { query: '{ viewer { user { id name } roles } }' };
const FOLLOW = { query: 'subscription { messageAdded(roomId: "room1") { content } }' };
const END = { query: 'mutation { endSession }' };
const say = (content: string, author?: string) => ({
  query: 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { content author { id name } } }',
  variables: { input: { roomId: 'room1', content, author } },
});

/** Another node on the same Redis. */
async function another(variables: Partial<ServerOptions> = {}): Promise<TestServer> {
  const server = await startServer({
    redisUrl: used.redis.url,
    SESSION_CHECK_MS: 50,
    ...JWT_ENV,
    ...variables,
  });
  ended.push(() => server.close());
  return server;
}

async function openSocket(token: string, server = used.server): Promise<RawSocket> {
  const socket = await RawSocket.ready(server, { authorization: `Bearer ${token}` });
  ended.push(() => socket.crash());
  return socket;
}

async function openStream(token: string, server = used.server): Promise<EventStream> {
  const stream = await EventStream.open(server, FOLLOW, bearer(token));
  ended.push(() => stream.crash());
  return stream;
}

/** Returns the user that the server sees for a token, over each transport. */
const ASKING: Record<string, (token: string) => Promise<unknown>> = {
  HTTP: async (token) => (await post(used.server, WHO, bearer(token))).body.data?.viewer,
  SSE: async (token) => {
    const stream = await EventStream.open(used.server, WHO, bearer(token));
    return (await stream.nextResult()).data?.viewer;
  },
  'WebSocket, authorization': async (token) => {
    const socket = await openSocket(token);
    socket.subscribe('1', WHO);
    return ((await socket.next()).payload as { data: { viewer: unknown } }).data.viewer;
  },
  'WebSocket, token': async (token) => {
    const socket = await RawSocket.ready(used.server, { token });
    socket.subscribe('1', WHO);
    return ((await socket.next()).payload as { data: { viewer: unknown } }).data.viewer;
  },
};

/** Expects a token to be refused: HTTP and SSE with 401, WebSocket with 4403. */
const REFUSALS: Record<string, (token: string) => Promise<void>> = {
  HTTP: async (token) => {
    const { status, headers, body } = await post(used.server, WHO, bearer(token));
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toBe('Bearer');
    expect(body).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    expect(body.data).toBeUndefined();
    if (token !== '') expect(JSON.stringify(body)).not.toContain(token);
  },
  SSE: async (token) => {
    const stream = await EventStream.open(used.server, FOLLOW, bearer(token));
    expect(stream.status).toBe(401);
    expect((await stream.nextResult()).errors?.[0]?.extensions?.code).toBe('UNAUTHENTICATED');
    expect((await stream.next())?.event).toBe('complete');
    expect(await stream.next()).toBeUndefined();
  },
  WebSocket: async (token) => {
    const socket = await RawSocket.open(used.server);
    socket.send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
    expect(await socket.closed).toEqual({ code: 4403, reason: 'Forbidden' });
  },
};

describe.each(Object.entries(ASKING))('over %s', (_transport, ask) => {
  test('a session identifies its user', async () => {
    const { token, user } = await signIn(used.server);
    expect(await ask(token)).toEqual({ user, roles: ['VIEWER'] });
  });

  test('a token of the platform identifies the user it names', async () => {
    const token = await tokenOf({ sub: 'u1', name: 'Ada', roles: ['moderator'] });
    expect(await ask(token)).toEqual({ user: { id: 'u1', name: 'Ada' }, roles: ['VIEWER', 'MODERATOR'] });
  });
});

describe.each(Object.entries(REFUSALS))('over %s, refuses', (_transport, isRefused) => {
  test('an invented token', () => isRefused('x'.repeat(43)));
  test('a text that is not a token', () => isRefused('nonsense'));
  test('an empty token', () => isRefused(''));
  test('two tokens at once', () => isRefused('one two'));
  test('the digest under which a session is stored', async () => {
    await isRefused(sessionIdOf((await signIn(used.server)).token));
  });
  test('a forged token of the platform', async () => {
    await isRefused(
      await tokenOf({ key: new TextEncoder().encode('not the secret of the platform, but long') }),
    );
  });
  test.each([{ sub: 123 }, { sub: ['ann'] }, { sub: {} }, { name: [] }, { roles: { moderator: true } }])(
    'a signed token with %j',
    async (claims) => isRefused(await tokenOf(claims)),
  );
  test('an expired token of the platform', async () => isRefused(await tokenOf({ expiresIn: -60 })));
  test('a session that was ended', async () => {
    const { token } = await signIn(used.server);
    expect((await post(used.server, END, bearer(token))).body.data).toEqual({ endSession: true });
    await isRefused(token);
  });
  test('a session that has expired', async () => {
    const { token } = await signIn(used.server);
    await used.redis.cli('PEXPIRE', `session:${sessionIdOf(token)}`, '1');
    await until(async () => (await used.redis.cli('EXISTS', `session:${sessionIdOf(token)}`)) === '0', {
      what: 'the session to expire',
    });
    await isRefused(token);
  });
});

describe('a guest', () => {
  test.each([undefined, {}, { unknown: 1 }, { authorization: 'Basic YTpi' }, { token: null }])(
    'is assumed if a connection opens with %j',
    async (payload) => {
      const socket = await RawSocket.ready(used.server, payload);
      ended.push(() => socket.crash());
      socket.subscribe('1', WHO);
      expect((await socket.next()).payload).toEqual({ data: { viewer: null } });
    },
  );

  test('is assumed for any scheme but Bearer', async () => {
    const { body } = await post(used.server, WHO, { Authorization: 'Basic YTpi' });
    expect(body).toEqual({ data: { viewer: null } });
  });

  test('is not assumed if the token has another type', async () => {
    const socket = await RawSocket.open(used.server);
    socket.send({ type: 'connection_init', payload: { token: { $ne: '' } } });
    expect(await socket.closed).toEqual({ code: 4403, reason: 'Forbidden' });
  });
});

describe('the end of a session', () => {
  test.each([
    [
      'by endSession on another node',
      async (token: string, node: TestServer) => {
        await post(node, END, bearer(token));
      },
    ],
    [
      'by deletion in Redis',
      async (token: string) => {
        await used.redis.cli('DEL', `session:${sessionIdOf(token)}`);
      },
    ],
  ])('%s closes its connections with 4401, ends its streams, and no others', async (_how, endIt) => {
    const node = await another();
    const [ann, bob] = [await signIn(used.server), await signIn(used.server, 'Bob')];
    const socket = await openSocket(ann.token);
    socket.subscribe('1', FOLLOW);
    const elsewhere = await openSocket(ann.token, node);
    const stream = await openStream(ann.token);
    const others = await openSocket(bob.token);
    const othersStream = await openStream(bob.token);
    const guest = await RawSocket.ready(used.server);
    ended.push(() => guest.crash());

    await endIt(ann.token, node);

    expect(await socket.closed).toEqual({ code: 4401, reason: 'Session ended' });
    expect(await elsewhere.closed).toEqual({ code: 4401, reason: 'Session ended' });
    const result = await stream.nextResult();
    expect(result.errors?.[0]?.extensions?.code).toBe('UNAUTHENTICATED');
    expect((await stream.next())?.event).toBe('complete');
    expect(await stream.next()).toBeUndefined();
    // The others were checked in the same turn.
    await post(used.server, say('still here'));
    expect((await othersStream.nextResult()).data?.messageAdded).toEqual({ content: 'still here' });
    expect(await others.untilNow()).toEqual([]);
    expect(await guest.untilNow()).toEqual([]);
  });

  test('by endSession on its own connection answers before it closes', async () => {
    const socket = await openSocket((await signIn(used.server)).token);
    socket.subscribe('1', END);
    expect(await socket.take(2)).toEqual([
      { id: '1', type: 'next', payload: { data: { endSession: true } } },
      { id: '1', type: 'complete' },
    ]);
    expect((await socket.closed).code).toBe(4401);
  });

  test('is postponed while one of its connections is open', async () => {
    const node = await another({ SESSION_TTL_SECONDS: 1 });
    const { token } = await signIn(node);
    const socket = await openSocket(token, node);
    // Longer than the session lasts when unused.
    const openedAt = performance.now();
    await until(() => performance.now() - openedAt > 1_500, {
      what: 'the session to be older than its time',
    });
    expect(await socket.untilNow()).toEqual([]);
    expect((await post(node, WHO, bearer(token))).body.data?.viewer).not.toBeNull();
  });

  test('is not assumed while Redis does not answer', async () => {
    const { token } = await signIn(used.server);
    const socket = await openSocket(token);
    used.redis.hang();
    try {
      const { status, body } = await post(used.server, WHO, bearer(token));
      expect(status).toBe(503);
      expect(body.errors?.[0]?.extensions?.code).toBe('SERVICE_UNAVAILABLE');
      const other = await RawSocket.open(used.server);
      other.send({ type: 'connection_init', payload: { token } });
      expect(await other.closed).toEqual({ code: 1013, reason: 'Try again later' });
    } finally {
      used.redis.resume();
    }
    expect(await socket.untilNow()).toEqual([]);
    await until(async () => (await post(used.server, WHO, bearer(token))).status === 200, {
      what: 'Redis to be back',
    });
  });
});

describe('the end of a token of the platform', () => {
  test('closes its connections with 4403 and ends its streams', async () => {
    // Expired, but still accepted for the five seconds of clock tolerance.
    const token = await tokenOf({ expiresIn: 0 });
    const [socket, stream] = await Promise.all([openSocket(token), openStream(token)]);
    expect(await socket.closed).toEqual({ code: 4403, reason: 'Token expired' });
    expect((await stream.nextResult()).errors?.[0]).toMatchObject({
      message: 'The token has expired.',
      extensions: { code: 'UNAUTHENTICATED' },
    });
    expect((await stream.next())?.event).toBe('complete');
  });
});

describe('a connection that is being closed', () => {
  test('is no longer read, even if the client stays connected', async () => {
    const { token } = await signIn(used.server);
    const socket = await openSocket(token);
    socket.subscribe('0', FOLLOW);
    // This client does not answer a close and continues sending.
    (
      socket.socket as unknown as { _receiver: { removeAllListeners(name: string): void } }
    )._receiver.removeAllListeners('conclude');
    await used.redis.cli('DEL', `session:${sessionIdOf(token)}`);
    let sent = 0;
    const sending = setInterval(() => {
      sent += 1;
      socket.subscribe(`send ${sent}`, say('after the end'));
    }, 5);
    ended.push(() => clearInterval(sending));
    // Messages sent before the server noticed the end are stored. After that, nothing more is.
    const stored = async () => used.redis.cli('LLEN', 'messages:room1');
    let last = '';
    let same = 0;
    await until(
      async () => {
        const now = await stored();
        same = now === last ? same + 1 : 0;
        last = now;
        return same > 20;
      },
      { what: 'nothing more to be stored' },
    );
  });
});

describe('sendMessage', () => {
  test('uses the signed-in user as the author, whatever name is given', async () => {
    const { token, user } = await signIn(used.server);
    const { body } = await post(used.server, say('hello', 'Eve'), bearer(token));
    expect(body.data?.sendMessage).toMatchObject({ author: user });
  });

  test('requires a signed-in user if guests are not allowed, but reading does not', async () => {
    const node = await another({ ALLOW_GUESTS: 'false', JWT_SECRET: undefined });
    const refused = await post(node, say('hello'));
    expect(refused.body.errors?.[0]?.extensions?.code).toBe('UNAUTHENTICATED');
    const socket = await RawSocket.ready(node);
    ended.push(() => socket.crash());
    socket.subscribe('1', say('hello'));
    expect(JSON.stringify(await socket.next())).toContain('UNAUTHENTICATED');
    const read = await post(node, { query: '{ messages(roomId: "room1") { nodes { id } } }' });
    expect(read.body.errors).toBeUndefined();
    const { token } = await signIn(node);
    expect((await post(node, say('hello'), bearer(token))).body.errors).toBeUndefined();
  });

  test('does not let users sign in with a name if only the platform signs users in', async () => {
    const node = await another({ ALLOW_GUESTS: 'false' });
    const start = (headers = {}) =>
      post(node, { query: 'mutation { startSession(name: "Eve") { token } }' }, headers);
    expect((await start()).body.errors?.[0]?.extensions?.code).toBe('FORBIDDEN');
    const service = bearer(await tokenOf({ roles: 'service' }));
    expect((await start(service)).body.errors).toBeUndefined();
  });
});

test('fetches the keys of an issuer that publishes them', async () => {
  const issuer = await startIssuer();
  ended.push(() => issuer.close());
  const node = await another({ JWT_SECRET: undefined, JWT_JWKS_URL: issuer.url });
  const token = await issuer.tokenOf({ sub: 'u7', name: 'Ada' });
  const { body } = await post(node, WHO, bearer(token));
  expect(body.data?.viewer).toMatchObject({ user: { id: 'u7', name: 'Ada' } });
  expect((await post(node, WHO, bearer(await tokenOf()))).status).toBe(401);
});

test('a session of one node works on all nodes', async () => {
  const node = await another();
  const { token, user } = await signIn(used.server);
  expect((await post(node, WHO, bearer(token))).body.data?.viewer).toMatchObject({ user });
});
