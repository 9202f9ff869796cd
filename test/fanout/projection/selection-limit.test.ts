import { describe, expect, test } from 'vitest';
import { HeldSelections, SelectionLimit } from '#fanout/projection/selection-limit.js';

const LIMITS = { perConnection: 2, perAddress: 3, perRoom: 4 };
const NONE = { perConnection: 0, perAddress: 0, perRoom: 0 };
const client = (connectionId: string, address = '') => ({ connectionId, address });

/** `connection@address room:key`, in the order in which they come; a `-` in front releases it. */
type Step = string;

/** Runs the steps, and returns what each one came to. */
function run(limits: typeof LIMITS, steps: readonly Step[]): string[] {
  const limit = new SelectionLimit(limits);
  const rooms = new Map<string, HeldSelections>();
  /** What releases each step that holds a selection. */
  const held = new Map<string, () => void>();
  return steps.map((step) => {
    if (step.startsWith('-')) {
      held.get(step.slice(1))!();
      return 'released';
    }
    const [, connectionId, address, room, key] = /^(.*)@(.*) (.*):(.*)$/.exec(step)!;
    if (!rooms.has(room!)) rooms.set(room!, new HeldSelections(limit));
    try {
      const holder = client(connectionId!, address);
      const selection = rooms.get(room!)!.hold(key!, holder);
      held.set(step, () => selection.release(holder));
      return 'held';
    } catch (error) {
      expect(error).toMatchObject({ code: 'RATE_LIMITED', details: { retryAfterMs: 1_000 } });
      return `over ${(error as { details: { limit: number } }).details.limit}`;
    }
  });
}

describe('the limits on distinct selections', () => {
  test.each<[string, Partial<typeof LIMITS>, [step: Step, outcome: string][]]>([
    [
      'refuse a connection that has too many',
      { perConnection: 2 },
      [
        ['a@ r:1', 'held'],
        ['a@ r:2', 'held'],
        ['a@ r:3', 'over 2'],
        ['b@ r:3', 'held'],
      ],
    ],
    [
      'refuse an address that has too many, over all its connections',
      { perAddress: 2 },
      [
        ['a@x r:1', 'held'],
        ['b@x r:2', 'held'],
        ['c@x r:3', 'over 2'],
        ['c@y r:3', 'held'],
      ],
    ],
    [
      'refuse a room that has too many, and no other room',
      { perRoom: 2 },
      [
        ['a@x r:1', 'held'],
        ['b@y r:2', 'held'],
        ['c@z r:3', 'over 2'],
        ['c@z s:3', 'held'],
      ],
    ],
    [
      'never refuse a selection that the room has',
      { perConnection: 1, perAddress: 1, perRoom: 1 },
      [
        ['a@x r:1', 'held'],
        ['a@x r:1', 'held'],
        ['b@x r:1', 'held'],
        ['c@y r:1', 'held'],
        ['a@x r:2', 'over 1'],
      ],
    ],
    [
      'count a selection once, in however many rooms a client uses it',
      { perConnection: 1, perAddress: 1 },
      [
        ['a@x r:1', 'held'],
        ['a@x s:1', 'held'],
        ['a@x t:1', 'held'],
        ['a@x t:2', 'over 1'],
        ['-a@x r:1', 'released'],
        ['a@x r:2', 'over 1'],
        ['-a@x s:1', 'released'],
        ['-a@x t:1', 'released'],
        ['a@x r:2', 'held'],
      ],
    ],
    [
      'count a selection for the oldest subscription that holds it',
      { perConnection: 1 },
      [
        ['a@ r:1', 'held'],
        ['b@ r:1', 'held'],
        ['c@ r:1', 'held'],
        ['-b@ r:1', 'released'],
        ['-a@ r:1', 'released'],
        ['a@ r:2', 'held'],
        ['b@ r:3', 'held'],
        ['c@ r:4', 'over 1'],
        ['-c@ r:1', 'released'],
        ['c@ r:4', 'held'],
      ],
    ],
    [
      'do not count a selection for those who joined it',
      { perConnection: 1 },
      [
        ['a@ r:1', 'held'],
        ['b@ r:1', 'held'],
        ['b@ r:2', 'held'],
        ['b@ r:3', 'over 1'],
      ],
    ],
    [
      'do not count what was refused',
      { perConnection: 1, perRoom: 1 },
      [
        ['a@ r:1', 'held'],
        ['b@ r:2', 'over 1'],
        ['b@ s:3', 'held'],
      ],
    ],
    [
      'do not count an unknown address',
      { perAddress: 1 },
      [
        ['a@ r:1', 'held'],
        ['b@ r:2', 'held'],
      ],
    ],
    ['are off at 0', {}, Array.from({ length: 50 }, (_, index) => [`a@x r:${index}`, 'held'])],
  ])('%s', (_what, limits, steps) => {
    expect(
      run(
        { ...NONE, ...limits },
        steps.map(([step]) => step),
      ),
    ).toEqual(steps.map(([, outcome]) => outcome));
  });

  test('release a selection once, however often they are asked', () => {
    const room = new HeldSelections(new SelectionLimit({ ...NONE, perConnection: 1 }));
    const [first, second] = [client('a'), client('a')];
    const held = room.hold('1', first);
    held.release(first);
    room.hold('2', second);
    held.release(first);
    expect(() => room.hold('3', client('a'))).toThrow('limited to 1 distinct selections');
  });
});
