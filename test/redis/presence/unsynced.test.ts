import { describe, expect, test } from 'vitest';
import { HeldConnections } from '#redis/presence/held.js';
import { Unsynced } from '#redis/presence/unsynced.js';

function holding(...roomIds: string[]) {
  const held = new HeldConnections();
  for (const roomId of roomIds) held.change(roomId, 'c1', 1);
  const unsynced = new Unsynced(held);
  unsynced.takeLeftovers();
  const rooms = () => unsynced.takeRooms(() => true).sort();
  return { held, unsynced, rooms };
}

const only =
  (...roomIds: string[]) =>
  (roomId: string) =>
    roomIds.includes(roomId);

/** What is to be scanned for leftovers, of the rooms a, b and z. */
const scanned = (unsynced: Unsynced) => {
  const filter = unsynced.takeLeftovers();
  return ['a', 'b', 'z'].filter((roomId) => filter?.(roomId)).join('');
};

describe('what is unsynced', () => {
  test('is everything at first, because an earlier run may have left connections', () => {
    expect(scanned(new Unsynced(new HeldConnections()))).toBe('abz');
  });

  test.each([
    ['nothing', () => undefined, [], ''],
    ['a room whose write failed', (unsynced: Unsynced) => unsynced.add('z'), ['z'], ''],
    ['the rooms of a shard', (unsynced: Unsynced) => unsynced.addAll(only('a', 'z')), ['a'], 'az'],
    ['all rooms', (unsynced: Unsynced) => unsynced.addAll(), ['a', 'b'], 'abz'],
    [
      'all rooms, of which one that was left is found by the scan',
      (unsynced: Unsynced) => {
        unsynced.add('z');
        unsynced.addAll();
      },
      ['a', 'b'],
      'abz',
    ],
    [
      'the rooms of two shards: their scans become one of all rooms',
      (unsynced: Unsynced) => {
        unsynced.addAll(only('a'));
        unsynced.addAll(only('z'));
      },
      ['a'],
      'abz',
    ],
    ['a scan that failed', (unsynced: Unsynced) => unsynced.addLeftovers(only('b')), [], 'b'],
  ] as const)('%s', (_, change, expectedRooms, expectedScan) => {
    const { unsynced, rooms } = holding('a', 'b');
    change(unsynced);
    expect(rooms()).toEqual(expectedRooms);
    expect(scanned(unsynced)).toBe(expectedScan);
    expect([rooms(), scanned(unsynced)]).toEqual([[], '']);
  });

  test('stays so in rooms that cannot be reached', () => {
    const { unsynced, rooms } = holding('a', 'b');
    unsynced.addAll();
    expect(unsynced.takeRooms(only('a'))).toEqual(['a']);
    expect([unsynced.has('a'), unsynced.has('b')]).toEqual([false, true]);
    expect(rooms()).toEqual(['b']);
  });

  test('takes bounded memory, however many rooms are left during an outage', () => {
    const { unsynced, rooms } = holding('a');
    for (let number = 0; number < 25_000; number += 1) unsynced.add(`left${number}`);
    expect(rooms().length).toBeLessThan(10_002);
    expect(scanned(unsynced)).toBe('abz');
  });
});

test('a connection enters a room with its first join and leaves it with its last leave', () => {
  const held = new HeldConnections();
  const changes = ([1, 1, -1, -1, -1, 1] as const).map((by) => held.change('a', 'c1', by));
  expect(changes).toEqual([true, false, false, true, false, true]);
  expect([held.has('a', 'c1'), held.holds('a'), held.size]).toEqual([true, true, 1]);
  expect([...held.connectionsOf('a'), ...held.connectionsOf('none')]).toEqual(['c1']);
});
