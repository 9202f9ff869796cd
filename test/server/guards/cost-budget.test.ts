/** What the operations of one address may cost, over all transports together. */
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { CostBudget } from '#server/guards/cost-budget.js';
import { post } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { RawTcp } from '#test/support/raw-tcp.js';
import { startServer } from '#test/support/server.js';
import { bearer } from '#test/support/sign-in.js';
import { JWT_ENV, tokenOf } from '#test/support/tokens.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

describe('a budget', () => {
  function create(points = 100) {
    const clock = { ms: 0 };
    return { clock, budget: new CostBudget({ points, windowMs: 1_000 }, () => clock.ms) };
  }

  test('may be overdrawn once, and then refuses until it is paid back', () => {
    const { clock, budget } = create();
    expect(budget.spend('a', 60)).toBeUndefined();
    expect(budget.spend('a', 90)).toBeUndefined();
    expect(budget.spend('a', 1)).toMatchObject({ code: 'RATE_LIMITED', details: { retryAfterMs: 500 } });
    clock.ms = 499;
    expect(budget.spend('a', 1)).toMatchObject({ code: 'RATE_LIMITED', details: { retryAfterMs: 1 } });
    clock.ms = 500;
    expect(budget.spend('a', 1)).toBeUndefined();
  });

  test('refills continuously, but never holds more than its points', () => {
    const { clock, budget } = create();
    budget.spend('a', 100);
    clock.ms = 250;
    // A quarter has come back.
    expect(budget.spend('a', 25)).toBeUndefined();
    expect(budget.spend('a', 10)).toBeUndefined();
    expect(budget.spend('a', 1)).toMatchObject({ details: { retryAfterMs: 100 } });
    clock.ms = 1_000_000;
    budget.spend('a', 110);
    expect(budget.spend('a', 1)).toMatchObject({ details: { retryAfterMs: 100 } });
  });

  test('is charged for work that was admitted before, and takes refunds', () => {
    const { budget } = create();
    budget.charge('a', 150);
    expect(budget.spend('a', 1)).toMatchObject({ details: { retryAfterMs: 500 } });
    budget.charge('a', -60);
    expect(budget.spend('a', 1)).toBeUndefined();
  });

  test('lets an operation that overdrew it go on, but not if others have overdrawn it further', () => {
    const { budget } = create();
    budget.spend('a', 120);
    expect(budget.spend('a', 50, { paid: 20 })).toBeUndefined();
    expect(budget.spend('a', 50, { paid: 20 })).toMatchObject({
      code: 'RATE_LIMITED',
      details: { retryAfterMs: 700 },
    });
  });

  test('tolerates an overdraft for some operations, which refills no faster', () => {
    const { clock, budget } = create();
    budget.spend('a', 120);
    expect(budget.spend('a', 1)).toMatchObject({ details: { retryAfterMs: 200 } });
    expect(budget.spend('a', 50, { overdraft: 50 })).toBeUndefined();
    expect(budget.spend('a', 1, { overdraft: 50 })).toMatchObject({ details: { retryAfterMs: 200 } });
    clock.ms = 200;
    expect(budget.spend('a', 1, { overdraft: 50 })).toBeUndefined();
  });

  test('is separate for each address, and counts no unknown address', () => {
    const { budget } = create();
    budget.spend('a', 200);
    expect(budget.spend('a', 1)).toBeDefined();
    expect(budget.spend('b', 1)).toBeUndefined();
    budget.spend('', 200);
    expect(budget.spend('', 1)).toBeUndefined();
  });

  test('forgets addresses that have paid back everything', () => {
    const { clock, budget } = create();
    for (let count = 0; count < 1_000; count += 1) budget.spend(`address ${count}`, 50);
    budget.spend('in debt', 1_000);
    expect(budget.size).toBe(1_001);
    clock.ms = 2_000;
    budget.spend('new', 1);
    expect(budget.size).toBe(2);
    expect(budget.spend('in debt', 1)).toMatchObject({ code: 'RATE_LIMITED' });
  });

  test('of 0 points is no limit', () => {
    const { budget } = create(0);
    budget.spend('a', 1_000_000);
    expect(budget.spend('a', 1_000_000)).toBeUndefined();
    expect(budget.size).toBe(0);
  });
});

const POINTS = 2_000;
// What is spent does not come back within a test.
const used = useServer({
  RATE_COST_PER_ADDRESS: POINTS,
  RATE_WINDOW_SECONDS: 3_600,
  TRUST_PROXY: 1,
  ALLOW_GUESTS: 'true',
  ...JWT_ENV,
});

const open: { crash(): void }[] = [];
afterEach(() => {
  for (const connection of open.splice(0)) connection.crash();
});

let addresses = 0;
/** The headers of a client behind a new address. */
const newAddress = () => ({ 'X-Forwarded-For': `203.0.113.${++addresses}` });
type Address = ReturnType<typeof newAddress>;

let documents = 0;
/** A document of `length` characters that the server has not seen. */
function newDocument(length = POINTS): string {
  const start = `query New${++documents} { __typename }`;
  return start + ' '.repeat(length - start.length);
}

const SMALL = { query: '{ __typename }' };
/** The same list, as long as its variable says by default. */
const LONG_BY_DEFAULT =
  'query ($last: Int = 200) { messages(roomId: "r", last: $last) { nodes { id author { id name } } } }';
const FOLLOW = { query: 'subscription { messageAdded(roomId: "room1") { content } }' };
const say = (roomId: string) => ({
  query: 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id } }',
  variables: { input: { roomId, content: 'hello', author: 'Ann' } },
});
const REFUSAL = {
  message: expect.stringContaining('cost too much'),
  extensions: { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) },
};

/** Spends more than the address has, and more than WebSockets may overdraw, but not so much that they are paused. */
async function overdraw(address: Address, spent = 0): Promise<void> {
  const query = newDocument(330 - spent / 8);
  expect((await post(used.server, { query }, address)).status).toBe(200);
}

async function connect(address: Address, token?: string): Promise<RawSocket> {
  const socket = await RawSocket.ready(used.server, { token }, address);
  open.push(socket);
  return socket;
}

/** Runs an operation on a socket. Returns its errors, or undefined if it succeeds. */
async function ask(socket: RawSocket, params: object): Promise<unknown> {
  socket.subscribe('asked', params);
  const { type, payload } = await socket.next();
  if (type === 'error') return payload;
  await socket.next();
  return (payload as { errors?: unknown }).errors;
}

const statusOf = async (params: object, address: Address) =>
  (await post(used.server, params, address)).status;

describe('an address that has overdrawn its budget', () => {
  const json = { 'Content-Type': 'application/json' };
  const inUrl = (address: Address) =>
    fetch(`${used.server.url}?query=${encodeURIComponent(SMALL.query)}`, { headers: address });
  const stream = (accept: string) => async (address: Address) => {
    const gone = new AbortController();
    open.push({ crash: () => gone.abort() });
    return fetch(used.server.url, {
      method: 'POST',
      headers: { ...json, Accept: accept, ...address },
      body: JSON.stringify(FOLLOW),
      signal: gone.signal,
    });
  };

  test.each([
    ['POST', (address: Address) => stream('application/json')(address)],
    ['GET', inUrl],
    ['an event stream', stream('text/event-stream')],
    ['a multipart stream', stream('multipart/mixed;subscriptionSpec=1.0')],
  ])('is refused over %s with 429, and others are not', async (_name, send) => {
    const [spender, other] = [newAddress(), newAddress()];
    await overdraw(spender);
    const refused = await send(spender);
    expect(refused.status).toBe(429);
    const { errors } = (await refused.json()) as { errors: { extensions: { retryAfterMs: number } }[] };
    expect(errors).toMatchObject([REFUSAL]);
    const { retryAfterMs } = errors[0]!.extensions;
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(refused.headers.get('Retry-After')).toBe(String(Math.ceil(retryAfterMs / 1_000)));
    expect((await send(other)).status).not.toBe(429);
  });

  test('is refused over WebSocket, and keeps its sockets and their other operations', async () => {
    const [spender, other] = [newAddress(), newAddress()];
    const socket = await connect(spender);
    socket.subscribe('live', { query: 'subscription { messageAdded(roomId: "stays") { content } }' });
    await until(async () => (await used.redis.cli('SCARD', 'connections:stays')) === '1', {
      what: 'the subscription to be live',
    });
    await overdraw(spender, 1_000);
    expect(await ask(socket, SMALL)).toMatchObject([REFUSAL]);
    expect(await ask(socket, FOLLOW)).toMatchObject([REFUSAL]);
    expect(await ask(await connect(other), say('stays'))).toBeUndefined();
    expect(await socket.next()).toMatchObject({
      id: 'live',
      type: 'next',
      payload: { data: { messageAdded: { content: 'hello' } } },
    });
  });

  test('changes nothing with an operation that is refused', async () => {
    const spender = newAddress();
    const socket = await connect(spender);
    await overdraw(spender);
    expect(await statusOf(say('untouched'), spender)).toBe(429);
    expect(await ask(socket, say('untouched'))).toMatchObject([REFUSAL]);
    expect(await used.redis.cli('EXISTS', 'messages:untouched')).toBe('0');
  });

  test('shows in the metrics', async () => {
    const count = async () => {
      const text = await (await fetch(`${used.server.origin}/metrics`)).text();
      return Number(/^streamly_refusals_total\{[^}]*code="RATE_LIMITED"[^}]*\} (\d+)$/m.exec(text)?.[1] ?? 0);
    };
    const spender = newAddress();
    const socket = await connect(spender);
    await overdraw(spender);
    const before = await count();
    await statusOf(SMALL, spender);
    await ask(socket, SMALL);
    expect(await count()).toBe(before + 2);
  });

  test('is served again after retryAfterMs', async () => {
    const server = await startServer({
      redisUrl: used.redis.url,
      RATE_COST_PER_ADDRESS: 4_000,
      RATE_WINDOW_SECONDS: 1,
      TRUST_PROXY: 1,
    });
    onTestFinished(() => server.close());
    const address = newAddress();
    let retryAfterMs = 0;
    let askedAt = 0;
    await until(
      async () => {
        askedAt = performance.now();
        const { body } = await post(server, { query: newDocument(1_000) }, address);
        retryAfterMs = (body.errors?.[0]?.extensions?.retryAfterMs as number | undefined) ?? 0;
        return retryAfterMs > 0;
      },
      { what: 'a refusal' },
    );
    await until(async () => (await post(server, SMALL, address)).status === 200, { what: 'an answer' });
    // The server has counted from a moment after `askedAt`, and rounds up to milliseconds.
    expect(performance.now() - askedAt).toBeGreaterThanOrEqual(retryAfterMs - 1);
  });
});

test('a WebSocket that is flooded is read from only as fast as the budget of its address comes back', async () => {
  const perSecond = 5_000;
  const server = await startServer({
    redisUrl: used.redis.url,
    RATE_COST_PER_ADDRESS: perSecond,
    RATE_WINDOW_SECONDS: 1,
    RATE_OPERATIONS_PER_CONNECTION: 1,
  });
  onTestFinished(() => server.close());
  const socket = await RawSocket.ready(server);
  open.push(socket);
  const startedAt = performance.now();
  // A message costs 50 points, whether it is a ping or an operation that is refused.
  for (let count = 0; count < 250; count += 1) {
    socket.send({ type: 'ping' });
    socket.subscribe(String(count), SMALL);
  }
  let pongs = 0;
  while (pongs < 250) if ((await socket.next()).type === 'pong') pongs += 1;
  // The bucket was full, and may be overdrawn by as much again. One ping is the last message.
  const cost = 499 * 50;
  expect(performance.now() - startedAt).toBeGreaterThan(((cost - 2 * perSecond) / perSecond) * 1_000 - 100);
});

describe('an operation costs', () => {
  /** Sends an operation over one transport. Returns whether it was accepted. */
  type Send = (params: object) => Promise<boolean>;
  const TRANSPORTS: [name: string, connect: (address: Address) => Promise<Send>][] = [
    ['HTTP', async (address) => async (params) => (await statusOf(params, address)) !== 429],
    [
      'WebSocket',
      async (address) => {
        const socket = await connect(address);
        return async (params) => !JSON.stringify((await ask(socket, params)) ?? '').includes('RATE_LIMITED');
      },
    ],
  ];

  describe.each(TRANSPORTS)('over %s', (_name, over) => {
    test('more if the server has to read its document first', async () => {
      const query = newDocument();
      const first = await over(newAddress());
      expect(await first({ query })).toBe(true);
      expect(await first(SMALL)).toBe(false);
      const second = await over(newAddress());
      expect(await second({ query })).toBe(true);
      expect(await second({ query })).toBe(true);
    });

    test('the same with an invalid document, and with one that cannot be parsed', async () => {
      for (const end of ['{ nothing }', '{ __typename']) {
        const send = await over(newAddress());
        expect(await send({ query: `${newDocument()} query Other ${end}` })).toBe(true);
        expect(await send(SMALL)).toBe(false);
      }
    });

    test('more with each message to retract, for which Redis has to search', async () => {
      const inVariable = {
        query: 'mutation ($ids: [ID!]!) { retractMessages(roomId: "r", ids: $ids) { missing } }',
      };
      const ids = (count: number) => Array.from({ length: count }, (_, index) => `1-${index}`);
      const inText = (count: number) => ({
        query: `mutation { retractMessages(roomId: "r", ids: ${JSON.stringify(ids(count))}) { missing } }`,
      });
      for (const operation of [
        (count: number) => ({ ...inVariable, variables: { ids: ids(count) } }),
        (count: number) => inText(count),
      ]) {
        for (const [count, isLeft] of [
          [1, true],
          [50, false],
        ] as const) {
          // The server reads the document for another address.
          await (await over(newAddress()))(operation(count));
          const send = await over(newAddress());
          expect(await send(operation(count))).toBe(true);
          expect(await send(SMALL)).toBe(isLeft);
        }
      }
    });

    test('more with longer lists, also if a variable sets their length', async () => {
      const query =
        'query ($last: Int) { messages(roomId: "r", last: $last) { nodes { id content author { id name } } } }';
      await (await over(newAddress()))({ query });
      const few = await over(newAddress());
      for (let count = 0; count < 3; count += 1) {
        expect(await few({ query, variables: { last: 1 } })).toBe(true);
      }
      for (const last of [200, undefined]) {
        const many = await over(newAddress());
        const long = { query: last === undefined ? LONG_BY_DEFAULT : query, variables: { last } };
        let accepted = 0;
        while (await many(long)) accepted += 1;
        expect(accepted).toBeGreaterThan(0);
        expect(accepted).toBeLessThan(3);
      }
    });

    test('something, whatever it asks', async () => {
      const send = await over(newAddress());
      let accepted = 0;
      while (await send(SMALL)) accepted += 1;
      expect(accepted).toBeGreaterThan(3);
      expect(accepted).toBeLessThan(POINTS);
    });
  });

  test('the sum of all transports', async () => {
    const address = newAddress();
    const [overHttp, overWebSocket] = await Promise.all(TRANSPORTS.map(([, over]) => over(address)));
    expect(await overWebSocket!({ query: newDocument() })).toBe(true);
    expect(await overHttp!(SMALL)).toBe(false);
    expect(await overWebSocket!(SMALL)).toBe(false);
  });

  test('nothing to those who chat over WebSocket, if others behind their address flood the server', async () => {
    const address = newAddress();
    const socket = await connect(address);
    expect(await ask(socket, SMALL)).toBeUndefined();
    await until(async () => (await statusOf(SMALL, address)) === 429, { what: 'a refusal' });
    expect(await ask(socket, SMALL)).toBeUndefined();
    await until(async () => JSON.stringify(await ask(socket, SMALL))?.includes('RATE_LIMITED'), {
      what: 'the end of what they may overdraw',
    });
  });

  test('nothing if the platform sends it', async () => {
    const token = await tokenOf({ roles: ['service'] });
    const address = newAddress();
    const socket = await connect(address, token);
    for (let count = 0; count < 50; count += 1) {
      const { status } = await post(used.server, say('platform'), { ...address, ...bearer(token) });
      expect(status).toBe(200);
      expect(await ask(socket, say('platform'))).toBeUndefined();
    }
  });
});

test('of many slow documents at once, only the first is validated', async () => {
  const address = `203.0.113.${++addresses}`;
  const request = () => {
    const body = JSON.stringify({ query: newDocument() });
    return `POST /graphql HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${address}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };
  const connection = await RawTcp.open(used.server);
  // There is enough for each request until one of their documents is paid for.
  await connection.write([1, 2, 3, 4].map(request).join(''));
  await until(() => connection.received.split('HTTP/1.1 ').length === 5, { what: 'four answers' });
  connection.end();
  expect(connection.received.match(/"data":\{/g)).toHaveLength(1);
  expect(connection.received.match(/"RATE_LIMITED","retryAfterMs":\d+\}/g)).toHaveLength(3);
});
