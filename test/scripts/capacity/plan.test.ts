import { describe, expect, test } from 'vitest';
import { MEASURED } from '../../../scripts/capacity/constants.js';
import { demandFrom } from '../../../scripts/capacity/options.js';
import { bytesOfRoom, plan, workersOfRoom } from '../../../scripts/capacity/plan.js';

const demand = (...args: string[]) =>
  demandFrom(['--viewers', '1000000', '--rooms', '1', '--messages', '50', ...args]);
const planOf = (...args: string[]) => plan(demand(...args));

describe('plan', () => {
  test('counts a delivery for each viewer of the room', () => {
    expect(planOf().deliveriesPerSecond).toBe(50_000_000);
    expect(planOf('--rooms', '100').deliveriesPerSecond).toBe(500_000);
  });

  test('agrees with the fan-out scenario of the bench, which kept one core busy for 86 % of the time', () => {
    // 5,000 viewers, 100 messages a second, 70 ms to half of the deliveries.
    const args = ['--viewers', '5000', '--messages', '100', '--delay', '70', '--joins', '0', '--load', '100'];
    const { nodes } = plan(demandFrom(['--rooms', '1', '--workers', '1', ...args]));
    expect(nodes.needed * nodes.cpu).toBeGreaterThan(0.8);
    expect(nodes.needed * nodes.cpu).toBeLessThan(1.1);
  });

  test('needs fewer nodes if messages may take longer, because more of them share a write', () => {
    expect(planOf('--delay', '1000').nodes.limits.CPU).toBeLessThan(planOf('--delay', '50').nodes.limits.CPU);
  });

  test('uses as many nodes as the strictest limit asks for, and no limit is exceeded', () => {
    for (const args of [[], ['--rooms', '100000'], ['--rooms', '1000', '--messages', '5000']]) {
      const { nodes, shards } = planOf(...args);
      expect(nodes.needed).toBe(Math.max(...Object.values(nodes.limits)));
      expect(nodes.cpu).toBeLessThanOrEqual(0.6);
      expect(shards.cpu).toBeLessThanOrEqual(0.6);
      expect(shards.memory).toBeLessThanOrEqual(0.8 * 8e9);
    }
  });

  test.each([
    ['--viewers', '2000000'],
    ['--messages', '100'],
    ['--content', '500'],
    ['--node-network', '5'],
    ['--load', '30'],
  ])('never needs fewer nodes with %s %s', (...args) => {
    expect(planOf(...args).nodes.needed).toBeGreaterThan(planOf().nodes.needed);
  });

  test('divides rooms over shards, but not a room', () => {
    const many = planOf('--rooms', '100000', '--messages', '30000');
    expect(many.shards.needed).toBeGreaterThanOrEqual(3);
    expect(many.shards.rooms).toBe(Math.ceil(100_000 / many.shards.needed));
    expect(planOf().shards.needed).toBe(1);
  });

  test('never plans a Cluster of two shards, which Redis does not form', () => {
    for (const messages of [1_000, 5_000, 10_000, 20_000, 40_000]) {
      const { needed } = planOf('--rooms', '100000', '--messages', `${messages}`).shards;
      expect(needed === 1 || needed >= 3).toBe(true);
    }
  });

  test('says which limit a room exceeds that is too busy for one shard', () => {
    expect(() => planOf('--viewers', '10', '--messages', '100000')).toThrow(
      'No number of machines has enough CPU of Redis for this: change --messages or --head-check (a room cannot be divided over shards).',
    );
  });

  test('plans for nobody at all', () => {
    const { nodes, shards } = planOf('--viewers', '0', '--messages', '0');
    expect([nodes.needed, shards.needed]).toEqual([1, 1]);
  });

  test('adds up what nodes, their spares, replicas and traffic cost', () => {
    const { nodes, shards, cost } = planOf(
      ...['--node-price', '2', '--shard-price', '3', '--replicas', '2', '--spare-nodes', '4'],
      ...['--traffic-price', '0.01'],
    );
    expect(cost.nodes).toBe((nodes.needed + 4) * 2);
    expect(cost.shards).toBe(shards.needed * 3 * 3);
    expect(cost.traffic).toBeCloseTo(50e6 * MEASURED.node.deliveryBytes * 3_600 * 1e-9 * 0.01);
  });
});

describe('workersOfRoom', () => {
  test.each([
    ['one viewer', 1, 100, 1],
    ['one worker', 50, 1, 1],
    ['nobody', 0, 10, 0],
    ['two viewers on two workers', 2, 2, 1.5],
    ['a crowd', 1_000_000, 100, 100],
  ])('expects %s on so many workers', (_, viewers, workers, expected) => {
    expect(workersOfRoom(demand('--viewers', `${viewers}`), workers)).toBeCloseTo(expected, 4);
  });
});

describe('bytesOfRoom', () => {
  test.each(MEASURED.redis.room)('returns what was measured with %i messages', (messages, bytes) => {
    expect(bytesOfRoom(messages, MEASURED.contentLength)).toBeCloseTo(bytes);
  });

  test('grows with the number and the length of messages', () => {
    expect(bytesOfRoom(20_000, 50)).toBeGreaterThan(1.9 * bytesOfRoom(10_000, 50));
    expect(bytesOfRoom(100, 500) - bytesOfRoom(100, 50)).toBe(45_000);
  });
});
