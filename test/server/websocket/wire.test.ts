/** Prebuilt frames, answers and control frames on one socket while its room is busy. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectSender, WITHOUT_LIMITS } from '#test/fanout/socket-client.js';
import { RawSocket, type WireMessage } from '#test/support/clients/raw-socket.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer(WITHOUT_LIMITS);
let sender: Awaited<ReturnType<typeof connectSender>>;
beforeAll(async () => {
  sender = await connectSender(used.redis.url, 10_000);
});
afterAll(() => sender.close());

const follow = (roomId: string, selection = 'content') => ({
  query: `subscription { messageAdded(roomId: "${roomId}") { ${selection} } }`,
});

/** Subscribes on a socket. Resolves once the subscription is live. */
async function live(socket: RawSocket, id: string, payload: object): Promise<void> {
  socket.subscribe(id, payload);
  socket.subscribe(`${id} is live`, { query: 'mutation { __typename }' });
  await socket.take(2);
}

/** The numbers of the messages that an operation received, in order. */
const numbersOf = (messages: readonly WireMessage[], id: string) =>
  messages.flatMap((message) => {
    if (message.id !== id || message.type !== 'next') return [];
    const { data } = message.payload as { data: { messageAdded: { content: string } } };
    return [Number.parseInt(data.messageAdded.content, 10)];
  });

const upTo = (first: number, count: number) => Array.from({ length: count }, (_, index) => first + index);

/** A masked frame, as a client sends it. */
function clientFrame(opcode: number, text: string, isLast = true): Buffer {
  const payload = Buffer.from(text);
  const mask = Buffer.from([1, 2, 3, 4]);
  const masked = payload.map((byte, index) => byte ^ mask[index % 4]!);
  return Buffer.concat([Buffer.from([(isLast ? 0x80 : 0) | opcode, 0x80 | payload.length]), mask, masked]);
}

const TEXT = 1;
const CONTINUATION = 0;
const PING = 9;

describe('one socket in a busy room', () => {
  test('carries pings, queries and mutations intact between the messages', async () => {
    const socket = await RawSocket.ready(used.server);
    await live(socket, 'hot', follow('busy'));
    const passing = sender.send('busy', 5_000);
    for (let number = 0; number < 200; number += 1) {
      socket.send({ type: 'ping', payload: { number } });
      socket.subscribe(`query ${number}`, { query: '{ __typename }' });
      socket.subscribe(`send ${number}`, {
        query: `mutation { sendMessage(input: { roomId: "other", content: "${number}" }) { content } }`,
      });
      // Spread over many turns, between those in which messages arrive.
      if (number % 10 === 0) await nextTurn();
    }
    await passing;
    // A result and its completion for each query and each mutation.
    const messages = await socket.take(5_000 + 200 + 4 * 200);

    const [first] = numbersOf(messages, 'hot');
    expect(numbersOf(messages, 'hot')).toEqual(upTo(first!, 5_000));
    const pongs = messages.filter(({ type }) => type === 'pong').map(({ payload }) => payload);
    expect(pongs).toEqual(upTo(0, 200).map((number) => ({ number })));
    const sent = messages.filter(({ id, type }) => id?.startsWith('send') && type === 'next');
    expect(new Set(sent.map(({ payload }) => JSON.stringify(payload))).size).toBe(200);
    expect(await socket.untilNow()).toEqual([]);
    await socket.close();
  });

  test('accepts messages in fragments, with control frames between them', async () => {
    const socket = await RawSocket.ready(used.server);
    await live(socket, 'hot', follow('fragments'));
    let controlPongs = 0;
    socket.socket.on('pong', () => {
      controlPongs += 1;
    });
    const passing = sender.send('fragments', 2_000);
    const messages: WireMessage[] = [];
    for (let number = 0; number < 50; number += 1) {
      const text = JSON.stringify({ type: 'ping', payload: { number } });
      socket.tcp.write(clientFrame(TEXT, text.slice(0, 5), false));
      socket.tcp.write(clientFrame(PING, 'control'));
      socket.tcp.write(clientFrame(CONTINUATION, text.slice(5, 9), false));
      socket.tcp.write(clientFrame(PING, ''));
      socket.tcp.write(clientFrame(CONTINUATION, text.slice(9)));
      // ws closes a socket that pings faster than it can be answered.
      while (messages.at(-1)?.type !== 'pong') messages.push(await socket.next());
      messages.pop();
    }
    await passing;
    messages.push(...(await socket.take(2_000 - messages.length)));
    const numbers = numbersOf(messages, 'hot');
    expect(numbers).toEqual(upTo(numbers[0]!, 2_000));
    await until(() => controlPongs === 100, { what: 'an answer to every control frame' });
    await socket.close();
  });

  test('carries several operations, each with its own messages in order', async () => {
    const socket = await RawSocket.ready(used.server);
    const operations = { a: 'one', 'a much longer id than the other': 'one', '"ü"\\': 'two' };
    for (const [id, room] of Object.entries(operations)) await live(socket, id, follow(room));
    await Promise.all([sender.send('one', 500), sender.send('two', 500)]);
    const messages = await socket.take(1_500);
    for (const id of Object.keys(operations)) {
      const numbers = numbersOf(messages, id);
      expect(numbers).toHaveLength(500);
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
    await socket.close();
  });

  test('ends one operation and continues the others', async () => {
    const socket = await RawSocket.ready(used.server);
    await live(socket, 'stays', follow('shared'));
    await live(socket, 'goes', follow('shared'));
    const passing = sender.send('shared', 1_000);
    socket.send({ id: 'goes', type: 'complete' });
    const ended = await socket.untilNow();
    await passing;
    const later = await socket.take(1_000 - numbersOf(ended, 'stays').length);
    expect(numbersOf(later, 'goes')).toEqual([]);
    const numbers = numbersOf([...ended, ...later], 'stays');
    expect(numbers).toEqual(upTo(numbers[0]!, 1_000));
    await socket.close();
  });
});

describe('the size of a message', () => {
  test('can be anything, including sizes around which the frame header changes', async () => {
    const socket = await RawSocket.ready(used.server);
    await live(socket, 'x', follow('sizes'));
    const around = JSON.stringify({
      id: 'x',
      type: 'next',
      payload: { data: { messageAdded: { content: '' } } },
    }).length;
    const author = { id: 'guest:Ann', name: 'Ann' };
    const contents: string[] = [];
    for (const size of [124, 125, 126, 127, 65_534, 65_535, 65_536, 65_537, 125, 200_000, 126]) {
      contents.push('y'.repeat(size - around));
      await sender.eventLog.append({ roomId: 'sizes', author, content: contents.at(-1)! });
    }
    const messages = await socket.take(contents.length);
    const received = messages.map(
      ({ payload }) => (payload as { data: { messageAdded: { content: string } } }).data,
    );
    expect(received.map(({ messageAdded }) => messageAdded.content)).toEqual(contents);
    await socket.close();
  });
});
