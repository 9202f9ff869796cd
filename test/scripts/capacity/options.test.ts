import { describe, expect, test } from 'vitest';
import { demandFrom, USAGE } from '../../../scripts/capacity/options.js';

const NEEDED = ['--viewers', '600', '--rooms', '4', '--messages', '8'];

describe('the options of the capacity script', () => {
  test('take the load in percent, and derive the joins from a stay of ten minutes', () => {
    expect(demandFrom(NEEDED)).toMatchObject({ viewers: 600, rooms: 4, messages: 8, load: 0.6, joins: 1 });
    expect(demandFrom([...NEEDED, '--load', '30', '--joins', '50'])).toMatchObject({ load: 0.3, joins: 50 });
  });

  test('take messages a second in all or in each room', () => {
    const perRoom = ['--viewers', '1', '--rooms', '4', '--messages-per-room', '0.5'];
    expect(demandFrom(perRoom).messages).toBe(2);
  });

  test.each([
    [['--rooms', '1', '--messages', '1'], '--viewers is missing: give the number of viewers.'],
    [['--viewers', '1', '--messages', '1'], '--rooms is missing: give the number of rooms.'],
    [
      ['--viewers', '1', '--rooms', '1'],
      '--messages is missing: give the messages a second in all, or --messages-per-room.',
    ],
    [
      [...NEEDED, '--messages-per-room', '2'],
      '--messages and --messages-per-room say the same: give one of them.',
    ],
    [[...NEEDED, '--rooms', '0'], '--rooms must be an integer between 1 and 100000000, got "0".'],
    [[...NEEDED, '--viewers', '1.5'], '--viewers must be an integer between 0 and 1000000000, got "1.5".'],
    [[...NEEDED, '--load', 'all'], '--load must be an integer between 1 and 100, got "all".'],
    [[...NEEDED, '--node-memory', ''], '--node-memory must be a number between 0.5 and 4096, got "".'],
    [[...NEEDED, '--node-price', 'NaN'], '--node-price must be a number between 0 and 1000000, got "NaN".'],
  ])('refuses %j in one sentence', (args, message) => {
    expect(() => demandFrom(args)).toThrow(new Error(message));
  });

  test('names an option that does not exist', () => {
    expect(() => demandFrom([...NEEDED, '--shards', '3'])).toThrow("Unknown option '--shards'");
  });

  test('are all explained in the usage', () => {
    for (const name of ['viewers', 'messages-per-room', 'traffic-price'])
      expect(USAGE).toContain(`--${name} `);
  });
});
