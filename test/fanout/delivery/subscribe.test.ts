import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { SharedStream } from '#fanout/delivery/shared-stream.js';
import { ROOM } from '#test/fanout/fixture.js';
import { createHarness, nextOf } from './subscribe-harness.js';

const streamsToEnd: SharedStream[] = [];
afterEach(async () => {
  await Promise.all(streamsToEnd.splice(0).map((stream) => stream.return()));
});
function track(stream: SharedStream): SharedStream {
  streamsToEnd.push(stream);
  return stream;
}

describe('a message', () => {
  test('is executed once for a thousand subscriptions with one selection', async () => {
    const { store, join, executed } = createHarness();
    const streams: SharedStream[] = [];
    for (let count = 0; count < 1_000; count += 1) streams.push(track(await join('{ id content }')));
    const first = nextOf(...streams);
    const sent = [store.put(ROOM, 'a').id, store.put(ROOM, 'b').id];
    expect(new Set((await first).map((result) => JSON.stringify(result))).size).toBe(1);
    await nextOf(...streams);
    expect(executed).toEqual(sent);
  });

  test('is executed once per distinct selection', async () => {
    const { store, join, executed, hub } = createHarness();
    const streams: SharedStream[] = [];
    for (let count = 0; count < 100; count += 1)
      streams.push(track(await join(`{ id a${count % 20}: content }`)));
    const results = nextOf(...streams);
    const { id } = store.put(ROOM);
    await results;
    expect(executed).toEqual(Array(20).fill(id));
    expect(hub.size.projections).toBe(20);
  });

  test('is not executed again for later subscriptions', async () => {
    const { store, join, executed } = createHarness();
    const first = track(await join('{ id }'));
    const result = nextOf(first);
    const { id } = store.put(ROOM);
    await result;
    const late: SharedStream[] = [];
    for (let count = 0; count < 100; count += 1) late.push(track(await join('{ id }')));
    await nextTurn();
    expect(executed).toEqual([id]);
  });
});

describe('subscriptions with variables', () => {
  const head = '($shout: Boolean = true)';
  const selection = '{ content(shout: $shout) }';
  const contentOf = (result: unknown) =>
    (result as { data: { messageAdded: { content: string } } }).data.messageAdded.content;

  test('are rendered separately if the values affect the result', async () => {
    const { store, join, hub } = createHarness();
    const streams = [
      track(await join(selection, { head, variables: { shout: true } })),
      track(await join(selection, { head, variables: { shout: false } })),
      track(await join(selection, { head })),
    ];
    const results = nextOf(...streams);
    store.put(ROOM, 'hi');
    expect((await results).map(contentOf)).toEqual(['HI', 'hi', 'HI']);
    // The default is the same as the value.
    expect(hub.size.projections).toBe(2);
  });

  test('distinguish null from a missing value, which takes the default', async () => {
    const { store, join } = createHarness();
    const streams = [
      track(await join(selection, { head, variables: { shout: null } })),
      track(await join(selection, { head })),
    ];
    const results = nextOf(...streams);
    store.put(ROOM, 'hi');
    expect((await results).map(contentOf)).toEqual(['hi', 'HI']);
  });

  test('are shared if the values do not affect the result', async () => {
    const { join, hub } = createHarness();
    track(await join('{ id }', { variables: { other: 1 } }));
    track(await join('{ id }', { variables: { other: 2 } }));
    await nextTurn();
    expect(hub.size.projections).toBe(0);
    for (const stream of streamsToEnd) void stream.next();
    expect(hub.size.projections).toBe(1);
  });
});

describe('a message that cannot be rendered', () => {
  const broken = () => {
    throw new Error('secret');
  };

  test.each([
    ['synchronously', () => 1n],
    ['asynchronously', async () => 1n],
  ])(
    'because a field %s returns a value without a JSON form is a masked error, and the next one arrives',
    async (_when, anything) => {
      const values = [anything, () => 'fine'];
      const { store, join, bugs } = createHarness({ resolvers: { anything: () => values.shift()!() } });
      const stream = track(await join('{ anything }'));
      const [first] = await Promise.all([stream.next(), store.put(ROOM)]);
      expect(first.value).toMatchObject({ errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] });
      expect(JSON.stringify(first.value)).not.toContain('BigInt');
      expect(bugs).toHaveLength(1);
      const [second] = await Promise.all([stream.next(), store.put(ROOM)]);
      expect(second.value).toEqual({ data: { messageAdded: { anything: 'fine' } } });
    },
  );

  test('does not end the subscription even if formatting the error fails', async () => {
    const { store, join, troubles } = createHarness({
      resolvers: { isMine: broken },
      formatError: broken,
    });
    const stream = track(await join('{ id isMine }'));
    const [first] = await Promise.all([stream.next(), store.put(ROOM)]);
    expect(first.value?.errors?.[0]?.message).toBe('Something went wrong on the server.');
    expect(troubles.map(String)).toEqual(['Error: secret']);
  });
});
