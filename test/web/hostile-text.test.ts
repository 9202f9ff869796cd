/** Names and messages that would disturb what is shown around them. */
import type { Locator } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { run } from '#test/support/clients/http.js';
import { SendMessage } from '#test/support/documents.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';
import { useBrowser } from './browser.js';

const browser = useBrowser();
const used = useServer();

async function send(roomId: string, content: string, author = 'Ann'): Promise<string> {
  const { sendMessage } = await run(used.server, SendMessage, { input: { roomId, content, author } });
  return sendMessage.id;
}

/** The left edges of a text's first and last characters, in pixels. */
function edgesOf(text: Locator): Promise<{ first: number; last: number }> {
  return text.evaluate((element) => {
    const node = element.firstChild!;
    const left = (index: number) => {
      const range = document.createRange();
      range.setStart(node, index);
      range.setEnd(node, index + 1);
      return range.getBoundingClientRect().left;
    };
    return { first: left(0), last: left(node.textContent!.length - 1) };
  });
}

async function isLeftToRight(text: Locator): Promise<boolean> {
  const { first, last } = await edgesOf(text);
  return first < last;
}

describe('a name that changes the direction of text', () => {
  const NAME = 'Ann\u202e';

  /** Such names are trimmed now. A server without that rule may have stored one. */
  async function storeOldMessage(roomId: string): Promise<void> {
    await send(roomId, 'pay 100 dollars');
    const key = `messages:${roomId}`;
    const entry = JSON.parse(await used.redis.cli('LINDEX', key, '0'));
    entry.author.name = NAME;
    await used.redis.cli('LSET', key, '0', JSON.stringify(entry));
  }

  test('does not turn the message after it, in the room or in the list of rooms', async () => {
    await storeOldMessage('turned');
    const room = await browser.viewer(used.server.origin, 'turned');
    await room.shows('pay 100 dollars');
    expect(await isLeftToRight(room.page.locator('.line .text'))).toBe(true);
    const last = room.page.locator('.side .room[href$="turned"] .room-last bdi').nth(1);
    expect(await last.textContent()).toBe('pay 100 dollars');
    expect(await isLeftToRight(last)).toBe(true);
  });

  test("does not turn the user's own pending message or the words after the name", async () => {
    const room = await browser.viewer(used.server.origin, 'own');
    await room.page.route('**/graphql', () => undefined);
    await room.setName(NAME);
    await room.say('pay 100 dollars');
    await room.shows('pay 100 dollars');
    expect(await isLeftToRight(room.page.locator('.line[data-state] .text'))).toBe(true);
    expect(await isLeftToRight(room.page.locator('.line[data-state] .note'))).toBe(true);
  });
});

describe('a message that changes the direction of text', () => {
  test('does not turn the message that is read out after it', async () => {
    const room = await browser.viewer(used.server.origin, 'spoken');
    await Promise.all([send('spoken', '\u202eabc'), send('spoken', 'plain')]);
    const spoken = room.page.getByTestId('announcer').locator('bdi');
    await until(async () => (await spoken.count()) > 0, { what: 'the announcement' });
    for (const words of await spoken.all()) {
      expect(await words.evaluate((element) => getComputedStyle(element).unicodeBidi)).toBe('isolate');
    }
  });

  test('is shown from right to left if it is written in Hebrew, beside a name that is not', async () => {
    await send('hebrew', 'שלום עולם');
    const room = await browser.viewer(used.server.origin, 'hebrew');
    await room.shows('שלום עולם');
    expect(await isLeftToRight(room.page.locator('.line .text'))).toBe(false);
    expect(await isLeftToRight(room.page.locator('.line .name'))).toBe(true);
  });
});

describe('a message of many lines', () => {
  const TALL = `a${'\n\n'.repeat(248)}b`;
  beforeAll(async () => {
    await send('tall', 'before');
    await send('tall', TALL, 'Bob');
    await send('tall', 'after');
  });

  test.each([
    ['on a desktop', { width: 1180, height: 760 }],
    ['on a phone', { width: 390, height: 780 }],
  ])('leaves room for others, and is shown in full on request, %s', async (_where, viewport) => {
    const room = await browser.viewer(used.server.origin, 'tall', { viewport });
    await room.shows('after');
    const line = room.page.locator('.line', { hasText: 'Bob' });
    const height = async () => (await line.boundingBox())!.height;
    expect(await height()).toBeLessThan(viewport.height / 2);
    expect(await room.page.getByRole('button', { name: 'Show more' }).count()).toBe(1);

    // By keyboard, since a control for the mouse alone would lock out others.
    const more = line.getByRole('button');
    await more.focus();
    expect(await more.getAttribute('aria-expanded')).toBe('false');
    await room.page.keyboard.press('Enter');
    await until(async () => (await height()) > 5_000, { what: 'the whole message' });
    expect(await more.textContent()).toBe('Show less');
    expect(await more.getAttribute('aria-expanded')).toBe('true');
    expect(await more.evaluate((element) => element === document.activeElement)).toBe(true);

    await room.page.keyboard.press('Enter');
    await until(async () => (await height()) < viewport.height / 2, { what: 'the message to collapse' });
    expect(room.faults).toEqual([]);
  });

  test('is collapsed while it is being sent too, and its controls stay visible', async () => {
    const room = await browser.viewer(used.server.origin, 'tall-own');
    await room.page.route('**/graphql', (route) =>
      route.fulfill({
        contentType: 'application/graphql-response+json',
        body: JSON.stringify({ errors: [{ message: 'No.', extensions: { code: 'FORBIDDEN' } }] }),
      }),
    );
    await room.say(TALL);
    await room.page.getByRole('button', { name: 'Show more' }).waitFor();
    await room.page.getByText('Not sent: No.').waitFor();
    expect((await room.page.locator('.line[data-state]').boundingBox())!.height).toBeLessThan(400);
    expect(await room.page.getByRole('button', { name: 'Discard' }).isVisible()).toBe(true);
  });

  test('is collapsed when a narrower window makes it tall', async () => {
    await send('narrow', 'word '.repeat(99));
    const room = await browser.viewer(used.server.origin, 'narrow');
    await room.shows('word '.repeat(99).trim());
    expect(await room.page.getByRole('button', { name: 'Show more' }).count()).toBe(0);
    await room.page.setViewportSize({ width: 240, height: 700 });
    await room.page.getByRole('button', { name: 'Show more' }).waitFor();
    await room.page.setViewportSize({ width: 1180, height: 700 });
    await room.page.getByRole('button', { name: 'Show more' }).waitFor({ state: 'detached' });
  });
});

test('clips stacked combining marks, which would cover the lines around them', async () => {
  await send('marks', 'above');
  await send('marks', `Z${'\u0351\u0343\u0316\u0323'.repeat(100)}`, `Z${'\u0351'.repeat(30)}`);
  await send('marks', 'below');
  const room = await browser.viewer(used.server.origin, 'marks');
  await room.shows('below');
  const line = room.page.locator('.line').nth(1);
  const { height } = (await line.boundingBox())!;
  expect(height).toBeLessThan(40);
  const overflow = await line.locator('.body').evaluate((element) => getComputedStyle(element).overflow);
  expect(overflow).toBe('clip');
});
