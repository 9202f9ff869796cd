/** How many bytes the clients of one address, and all clients, may leave unread. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Outgoing, UnreadBytes, type UnreadBytesLimits } from '#server/guards/unread-bytes.js';
import { until } from '#test/support/until.js';

/** Connections that hold as many unread bytes as the test says. */
function createLimit(limits: Partial<UnreadBytesLimits>) {
  const closed: string[] = [];
  let counted = 0;
  const unread = new UnreadBytes({ perAddress: 0, inAll: 0, ...limits }, () => {
    counted += 1;
  });
  onTestFinished(() => {
    unread.close();
    expect(counted).toBe(closed.length);
  });
  const connect = (address: string, name: string) => {
    const outgoing = {
      address,
      unreadBytes: 0,
      terminate: () => {
        outgoing.unreadBytes = 0;
        closed.push(name);
      },
    } satisfies Outgoing;
    return {
      leave: (bytes: number) => {
        outgoing.unreadBytes = bytes;
        unread.look(outgoing);
      },
      read: () => {
        outgoing.unreadBytes = 0;
      },
    };
  };
  return { unread, closed, connect };
}

describe('the limit per address', () => {
  test('closes the connection that holds most of the address that has too much', () => {
    const { closed, connect } = createLimit({ perAddress: 1_000 });
    connect('a', 'small').leave(200);
    connect('a', 'large').leave(700);
    connect('b', 'elsewhere').leave(900);
    expect(closed).toEqual([]);
    connect('a', 'last').leave(300);
    expect(closed).toEqual(['large']);
  });

  test('closes as many as it takes to free a tenth', () => {
    const { closed, connect, unread } = createLimit({ perAddress: 1_000 });
    for (const name of ['one', 'two', 'three', 'four']) connect('a', name).leave(250);
    connect('a', 'five').leave(1_000);
    connect('a', 'six').leave(900);
    expect(closed).toEqual(['five', 'one', 'six']);
    expect(unread.bytes).toBe(750);
  });

  test('does not count what was read, or closed, in the meantime', () => {
    const { closed, connect, unread } = createLimit({ perAddress: 1_000 });
    for (let round = 0; round < 10; round += 1) {
      const connection = connect('a', `${round}`);
      connection.leave(900);
      connection.read();
    }
    connect('a', 'last').leave(950);
    expect(closed).toEqual([]);
    expect(unread.bytes).toBe(950);
  });
});

describe('the limit in all', () => {
  test('closes connections of the address that holds most, not the one that was written to', () => {
    const { closed, connect } = createLimit({ inAll: 1_000 });
    for (const name of ['one', 'two', 'three', 'four']) connect('many', name).leave(150);
    connect('single', 'slow').leave(390);
    connect('other', 'slow').leave(20);
    expect(closed).toEqual(['one']);
  });

  test('is not reached by an address that has its own limit', () => {
    const { closed, connect } = createLimit({ perAddress: 500, inAll: 1_000 });
    connect('b', 'innocent').leave(400);
    for (let count = 0; count < 100; count += 1) connect('a', 'stalled').leave(100);
    expect(closed.length).toBeGreaterThan(90);
    expect(new Set(closed)).toEqual(new Set(['stalled']));
  });
});

describe('for a limit over several processes', () => {
  test('tells which addresses have left much unread', () => {
    const { unread, connect } = createLimit({ perAddress: 1_000 });
    connect('a', 'one').leave(200);
    connect('a', 'two').leave(300);
    connect('b', 'three').leave(499);
    expect(unread.atLeast(500)).toEqual([['a', 500]]);
    expect(unread.atLeast(1_000)).toEqual([]);
  });

  test('closes the connections of one address that hold most, as many as it takes', () => {
    const { unread, closed, connect } = createLimit({ perAddress: 1_000 });
    connect('a', 'small').leave(100);
    connect('a', 'large').leave(400);
    connect('a', 'middle').leave(300);
    connect('b', 'other').leave(900);
    unread.relieve('a', 400);
    unread.relieve('unknown', 0);
    expect(closed).toEqual(['large']);
    unread.relieve('a', 99);
    expect(closed).toEqual(['large', 'middle', 'small']);
  });

  test('closes nothing of clients that have read in the meantime', () => {
    const { unread, closed, connect } = createLimit({ perAddress: 1_000 });
    const connection = connect('a', 'slow');
    connection.leave(800);
    connection.read();
    unread.relieve('a', 100);
    expect(closed).toEqual([]);
  });
});

test('closes nothing without limits', () => {
  const { closed, connect } = createLimit({});
  connect('a', 'large').leave(1_000_000_000);
  expect(closed).toEqual([]);
});

test('forgets connections that have read everything', async () => {
  const { unread, connect } = createLimit({ inAll: 1_000 });
  const connection = connect('a', 'slow');
  connection.leave(500);
  expect(unread.bytes).toBe(500);
  connection.read();
  await until(() => unread.bytes === 0, { what: 'the bytes to be forgotten' });
});
