import { expect, test } from 'vitest';
import { SlotMap } from '#redis/client/shards/slot-map.js';

const asked = { host: 'asked', port: 7000 };

/** CLUSTER SLOTS of three shards, one of which has two ranges. */
const REPLY = [
  [0, 5460, ['10.0.0.1', 7000, 'id1', []], ['10.0.0.4', 7003, 'id4', []]],
  [5461, 10_000, ['10.0.0.2', 7001, 'id2', []]],
  [
    10_002,
    16_383,
    ['10.0.0.3', 7002, 'id3', []],
    ['10.0.0.5', 7004, 'id5', []],
    ['10.0.0.6', 7005, 'id6', []],
  ],
  [10_001, 10_001, ['10.0.0.1', 7000, 'id1', []], ['10.0.0.4', 7003, 'id4', []]],
];

test('knows the primary of each slot, its replicas, and how many slots each has', () => {
  const map = SlotMap.parse(REPLY, asked);
  expect([0, 5460, 5461, 10_001, 16_383].map((slot) => map.owners[slot])).toEqual([
    '10.0.0.1:7000',
    '10.0.0.1:7000',
    '10.0.0.2:7001',
    '10.0.0.1:7000',
    '10.0.0.3:7002',
  ]);
  expect([...map.primaries.keys()].sort()).toEqual(['10.0.0.1:7000', '10.0.0.2:7001', '10.0.0.3:7002']);
  expect(map.replicasOf).toEqual(
    new Map([
      ['10.0.0.1:7000', [{ host: '10.0.0.4', port: 7003 }]],
      ['10.0.0.2:7001', []],
      [
        '10.0.0.3:7002',
        [
          { host: '10.0.0.5', port: 7004 },
          { host: '10.0.0.6', port: 7005 },
        ],
      ],
    ]),
  );
  expect(map.replicas.map(({ port }) => port)).toEqual([7003, 7004, 7005]);
  expect(map.sizes.get('10.0.0.1:7000')).toBe(5462);
  expect(map.uncovered).toEqual([]);
});

test('names the slots that nobody has', () => {
  const map = SlotMap.parse([REPLY[0]!, [16_383, 16_383, ['10.0.0.2', 7001, 'id2']]], asked);
  expect(map.uncovered).toEqual([[5461, 16_382]]);
  expect(map.owners[9_000]).toBeUndefined();
  expect(SlotMap.parse([], asked).uncovered).toEqual([[0, 16_383]]);
});

test.each([
  { node: ['', 7001, 'id', []], name: 'asked:7001' },
  { node: [null, 7001, 'id', []], name: 'asked:7001' },
  { node: ['?', 7001, 'id', []], name: 'asked:7001' },
  { node: ['?', 7001, 'id', ['ip', '10.0.0.9']], name: '10.0.0.9:7001' },
  { node: ['redis-1.example.com', 7001, 'id', ['ip', '10.0.0.9']], name: 'redis-1.example.com:7001' },
  { node: ['fd00::1', 7001, 'id', []], name: '[fd00::1]:7001' },
  { node: ['fd00::2', 7001, 'id', []], name: 'outside:17001' },
])('calls a node that announces itself as $node $name', ({ node, name }) => {
  const natMap = new Map([['[fd00::2]:7001', { host: 'outside', port: 17_001 }]]);
  expect(SlotMap.parse([[0, 16_383, node]], asked, natMap).owners[0]).toBe(name);
});

test('follows a slot that has moved, and forgets a primary that has no slot left', () => {
  const map = SlotMap.parse(REPLY, asked);
  const moved = map.moved(10_001, { host: '10.0.0.7', port: 7006 });
  expect(moved.owners[10_001]).toBe('10.0.0.7:7006');
  expect(moved.owners[10_000]).toBe('10.0.0.2:7001');
  expect(moved.primaries.get('10.0.0.7:7006')).toEqual({ host: '10.0.0.7', port: 7006 });
  expect(map.owners[10_001]).toBe('10.0.0.1:7000');
  expect(moved.moved(10_001, { host: '10.0.0.1', port: 7000 }).primaries.has('10.0.0.7:7006')).toBe(false);
});

test('is like another map if every slot has the same primary', () => {
  const map = SlotMap.parse(REPLY, asked);
  expect(map.isLike(SlotMap.parse([...REPLY].reverse(), asked))).toBe(true);
  expect(map.isLike(map.moved(1, { host: '10.0.0.2', port: 7001 }))).toBe(false);
  expect(map.isLike(undefined)).toBe(false);
});
