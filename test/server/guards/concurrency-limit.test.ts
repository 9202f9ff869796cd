/** Connections that stay open, counted by this node and by whoever counts addresses. */
import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { Counted } from '#domain/ports/machine.js';
import { ConcurrencyLimit } from '#server/guards/concurrency-limit.js';
import type { Verdict } from '#server/guards/guard.js';

const request = (address: string) => ({ address }) as unknown as IncomingMessage;
const addressOf = (from: IncomingMessage) => (from as unknown as { address: string }).address;

const open = (verdict: Verdict | Promise<Verdict>) => {
  if (verdict instanceof Promise || !verdict.allowed) throw new Error('It was not admitted at once.');
  return verdict.release!;
};

describe('a connection', () => {
  test('is refused with 429 if its address has too many, until one is closed', () => {
    const limit = new ConcurrencyLimit({ connections: 0, perAddress: 1 }, addressOf);
    const release = open(limit.check(request('a')));
    expect(limit.check(request('a'))).toMatchObject({ allowed: false, status: 429, reason: 'address' });
    open(limit.check(request('b')));
    release();
    release();
    open(limit.check(request('a')));
    expect(limit.check(request('a'))).toMatchObject({ allowed: false, status: 429 });
  });

  test('is refused with 503 if there are too many in all', () => {
    const limit = new ConcurrencyLimit({ connections: 2, perAddress: 0 }, addressOf);
    const releases = [open(limit.check(request('a'))), open(limit.check(request('b')))];
    expect(limit.check(request('c'))).toMatchObject({ allowed: false, status: 503, reason: 'connections' });
    for (const release of [...releases, ...releases]) release();
    open(limit.check(request('c')));
  });

  test('counts in all while its address is being counted', async () => {
    const answers: ((counted: Counted) => void)[] = [];
    const addresses = { take: () => new Promise<Counted>((resolve) => void answers.push(resolve)) };
    const limit = new ConcurrencyLimit({ connections: 1, perAddress: 5 }, addressOf, addresses);
    const first = limit.check(request('a'));
    expect(limit.check(request('a'))).toMatchObject({ allowed: false, status: 503, reason: 'connections' });
    answers[0]!('full');
    expect(await first).toMatchObject({ allowed: false, status: 429, reason: 'address' });

    // It no longer counts.
    let given = 0;
    const second = limit.check(request('a'));
    answers[1]!(() => {
      given += 1;
    });
    const verdict = await second;
    const release = open(verdict);
    release();
    release();
    expect(given).toBe(1);
  });

  test('is refused with 503 if its address cannot be counted', async () => {
    const addresses = { take: () => Promise.resolve<Counted>('unknown') };
    const limit = new ConcurrencyLimit({ connections: 0, perAddress: 5 }, addressOf, addresses);
    expect(await limit.check(request('a'))).toMatchObject({ allowed: false, status: 503, reason: 'address' });
  });
});
