import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { SharedStream } from '#fanout/delivery/shared-stream.js';
import { ROOM } from '#test/fanout/fixture.js';
import { createHarness, nextOf } from './viewer-harness.js';

const joined: SharedStream[] = [];
afterEach(async () => {
  await Promise.all(joined.splice(0).map((stream) => stream.return()));
});
function noted(stream: SharedStream): SharedStream {
  joined.push(stream);
  return stream;
}

describe('how often a message is executed', () => {
  test('once for a thousand subscribers with one selection', async () => {
    const { store, join, executed } = createHarness();
    const streams: SharedStream[] = [];
    for (let count = 0; count < 1_000; count += 1) streams.push(noted(await join('{ id content }')));
    const first = nextOf(...streams);
    const sent = [store.put(ROOM, 'a').id, store.put(ROOM, 'b').id];
    expect(new Set((await first).map((result) => JSON.stringify(result))).size).toBe(1);
    await nextOf(...streams);
    expect(executed).toEqual(sent);
  });

  test('once for each of many selections', async () => {
    const { store, join, executed, hub } = createHarness();
    const streams: SharedStream[] = [];
    for (let count = 0; count < 100; count += 1)
      streams.push(noted(await join(`{ id a${count % 20}: content }`)));
    const results = nextOf(...streams);
    const { id } = store.put(ROOM);
    await results;
    expect(executed).toEqual(Array(20).fill(id));
    expect(hub.size.projections).toBe(20);
  });

  test('once for all who come back to what was sent before', async () => {
    const { store, join, executed } = createHarness();
    const first = noted(await join('{ id }'));
    const result = nextOf(first);
    const { id } = store.put(ROOM);
    await result;
    const late: SharedStream[] = [];
    for (let count = 0; count < 100; count += 1) late.push(noted(await join('{ id }')));
    await nextTurn();
    expect(executed).toEqual([id]);
  });
});

describe('the values of variables', () => {
  const head = '($shout: Boolean = true)';
  const selection = '{ content(shout: $shout) }';
  const contentOf = (result: unknown) =>
    (result as { data: { messageAdded: { content: string } } }).data.messageAdded.content;

  test('set apart where they take part in the result', async () => {
    const { store, join, hub } = createHarness();
    const streams = [
      noted(await join(selection, { head, variables: { shout: true } })),
      noted(await join(selection, { head, variables: { shout: false } })),
      noted(await join(selection, { head })),
    ];
    const results = nextOf(...streams);
    store.put(ROOM, 'hi');
    expect((await results).map(contentOf)).toEqual(['HI', 'hi', 'HI']);
    // The default is the same as the value.
    expect(hub.size.projections).toBe(2);
  });

  test('tell null from none: one has no default', async () => {
    const { store, join } = createHarness();
    const streams = [
      noted(await join(selection, { head, variables: { shout: null } })),
      noted(await join(selection, { head })),
    ];
    const results = nextOf(...streams);
    store.put(ROOM, 'hi');
    expect((await results).map(contentOf)).toEqual(['hi', 'HI']);
  });

  test('of variables that take no part do not set apart', async () => {
    const { join, hub } = createHarness();
    noted(await join('{ id }', { variables: { other: 1 } }));
    noted(await join('{ id }', { variables: { other: 2 } }));
    await nextTurn();
    expect(hub.size.projections).toBe(0);
    for (const stream of joined) void stream.next();
    expect(hub.size.projections).toBe(1);
  });
});

describe('a message that cannot be rendered', () => {
  const broken = () => {
    throw new Error('secret');
  };

  test.each([
    ['at once', () => 1n],
    ['later', async () => 1n],
  ])(
    'for what has no form in JSON, found %s, is a masked error, and the next one comes',
    async (_when, anything) => {
      const values = [anything, () => 'fine'];
      const { store, join, faults } = createHarness({ resolvers: { anything: () => values.shift()!() } });
      const stream = noted(await join('{ anything }'));
      const [first] = await Promise.all([stream.next(), store.put(ROOM)]);
      expect(first.value).toMatchObject({ errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] });
      expect(JSON.stringify(first.value)).not.toContain('BigInt');
      expect(faults).toHaveLength(1);
      const [second] = await Promise.all([stream.next(), store.put(ROOM)]);
      expect(second.value).toEqual({ data: { messageAdded: { anything: 'fine' } } });
    },
  );

  test('does not end a room where even the formatting of errors fails', async () => {
    const { store, join, troubles } = createHarness({
      resolvers: { isMine: broken },
      formatError: broken,
    });
    const stream = noted(await join('{ id isMine }'));
    const [first] = await Promise.all([stream.next(), store.put(ROOM)]);
    expect(first.value?.errors?.[0]?.message).toBe('Something went wrong on the server.');
    expect(troubles.map(String)).toEqual(['Error: secret']);
  });
});
