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

const author = { id: 'ann', name: 'Ann' };
const mine = (isMine: boolean) => ({ data: { messageAdded: { isMine } } });

describe('two viewers', () => {
  test('share where nothing depends on the viewer', async () => {
    const { store, hub, join, executed } = createHarness();
    const ann = noted(await join('{ id }', { name: 'ann' }));
    const bob = noted(await join('{ id }', { name: 'bob' }));
    const results = nextOf(ann, bob);
    const { id } = store.put(ROOM, 'hi', author);
    const result = { data: { messageAdded: { id } } };
    expect(await results).toEqual([result, result]);
    expect(executed).toEqual([id]);
    expect(hub.size.projections).toBe(1);
  });

  test('get each what is theirs where a field depends on the viewer', async () => {
    const { store, hub, join } = createHarness();
    const ann = noted(await join('{ isMine }', { name: 'ann' }));
    const bob = noted(await join('{ isMine }', { name: 'bob' }));
    const guest = noted(await join('{ isMine }'));
    const results = nextOf(ann, bob, guest);
    store.put(ROOM, 'hi', author);
    expect(await results).toEqual([mine(true), mine(false), mine(false)]);
    expect(hub.size.projections).toBe(3);
  });

  test('share all the same where they are one viewer on two connections', async () => {
    const { store, hub, join, executed } = createHarness();
    const streams = [
      noted(await join('{ id isMine }', { name: 'ann' })),
      noted(await join('{ id isMine }', { name: 'ann' })),
    ];
    const results = nextOf(...streams);
    store.put(ROOM, 'hi', author);
    expect(await results).toMatchObject([mine(true), mine(true)]);
    expect(executed.length).toBe(1);
    expect(hub.size.projections).toBe(1);
  });
});

describe('a field that reads the viewer and does not say so', () => {
  test('fails, masked, for everybody: the rule cannot be forgotten', async () => {
    const { store, join, faults } = createHarness({ marked: false });
    const streams = [
      noted(await join('{ content isMine }', { name: 'ann' })),
      noted(await join('{ content isMine }', { name: 'bob' })),
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
    expect(faults.map(String)).toEqual([expect.stringContaining('viewerDependent: true')]);
  });
});
