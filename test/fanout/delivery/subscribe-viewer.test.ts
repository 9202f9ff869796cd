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

const author = { id: 'ann', name: 'Ann' };
const mine = (isMine: boolean) => ({ data: { messageAdded: { isMine } } });

describe('two viewers', () => {
  test('share results if no field depends on the viewer', async () => {
    const { store, hub, join, executed } = createHarness();
    const ann = track(await join('{ id }', { name: 'ann' }));
    const bob = track(await join('{ id }', { name: 'bob' }));
    const results = nextOf(ann, bob);
    const { id } = store.put(ROOM, 'hi', author);
    const result = { data: { messageAdded: { id } } };
    expect(await results).toEqual([result, result]);
    expect(executed).toEqual([id]);
    expect(hub.size.projections).toBe(1);
  });

  test('each get their own results if a field depends on the viewer', async () => {
    const { store, hub, join } = createHarness();
    const ann = track(await join('{ isMine }', { name: 'ann' }));
    const bob = track(await join('{ isMine }', { name: 'bob' }));
    const guest = track(await join('{ isMine }'));
    const results = nextOf(ann, bob, guest);
    store.put(ROOM, 'hi', author);
    expect(await results).toEqual([mine(true), mine(false), mine(false)]);
    expect(hub.size.projections).toBe(3);
  });

  test('share viewer-dependent results if they are the same user on two connections', async () => {
    const { store, hub, join, executed } = createHarness();
    const streams = [
      track(await join('{ id isMine }', { name: 'ann' })),
      track(await join('{ id isMine }', { name: 'ann' })),
    ];
    const results = nextOf(...streams);
    store.put(ROOM, 'hi', author);
    expect(await results).toMatchObject([mine(true), mine(true)]);
    expect(executed.length).toBe(1);
    expect(hub.size.projections).toBe(1);
  });
});

describe('a field that reads the viewer without being marked', () => {
  test('fails with a masked error for everyone, so that the mistake is noticed', async () => {
    const { store, join, bugs } = createHarness({ marked: false });
    const streams = [
      track(await join('{ content isMine }', { name: 'ann' })),
      track(await join('{ content isMine }', { name: 'bob' })),
    ];
    const results = nextOf(...streams);
    store.put(ROOM, 'hi', author);
    const masked = {
      data: { messageAdded: { content: 'hi', isMine: null } },
      errors: [
        {
          message: 'Something went wrong on the server.',
          path: ['messageAdded', 'isMine'],
          extensions: { code: 'INTERNAL_SERVER_ERROR' },
        },
      ],
    };
    expect(await results).toMatchObject([masked, masked]);
    expect(bugs.map(String)).toEqual([expect.stringContaining('viewerDependent: true')]);
  });
});
