/** The page for people who use the keyboard alone or a screen reader. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { MessageSender } from '#test/support/sender.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';
import { useBrowser } from './browser.js';

const browser = useBrowser();
const used = useServer();
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

beforeAll(async () => {
  const sender = new MessageSender({ name: 'sender', roomId: 'lobby', servers: () => [used.server] });
  for (let sent = 0; sent < 80; sent += 1) await sender.sendOne();
  await sender.close();
});

describe('the page', () => {
  test('can be used by keyboard alone: to send, scroll back, return, rename oneself and change rooms', async () => {
    const room = await browser.viewer(used.server.origin, 'lobby');
    const { keyboard } = room.page;
    const focused = () =>
      room.page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        return (
          element.getAttribute('aria-label') ??
          (element as HTMLInputElement).placeholder ??
          element.textContent
        );
      });
    const tabTo = async (name: RegExp, key = 'Tab') =>
      until(
        async () => {
          await keyboard.press(key);
          return name.test((await focused()) ?? '');
        },
        { what: `the focus on ${name}` },
      );

    await tabTo(/^Message lobby$/);
    await keyboard.type('without a mouse');
    await keyboard.press('Enter');
    await room.shows('without a mouse');

    await tabTo(/^Messages$/, 'Shift+Tab');
    await keyboard.press('PageUp');
    await until(() => room.newest.isVisible(), { what: 'the button to the newest message' });
    await tabTo(/new message|Newest/);
    await keyboard.press('Enter');
    await until(async () => (await room.fromEnd()) < 2, { what: 'the end' });
    expect(await focused()).toBe('Message lobby');

    await tabTo(/change your name/);
    await keyboard.press('Enter');
    await keyboard.type('Zoë');
    await keyboard.press('Enter');
    await room.page.getByRole('button', { name: 'as Zoë , change your name' }).waitFor();
    expect(await focused()).toMatch(/Zoë/);
    await keyboard.press('Enter');
    await keyboard.press('Escape');
    expect(await focused()).toMatch(/Zoë/);

    await tabTo(/^Open another room$/, 'Shift+Tab');
    await keyboard.type('not a room!');
    await keyboard.press('Enter');
    await room.page.getByText('1 to 64 letters').waitFor();
    await keyboard.press('Control+A');
    await keyboard.type('quiet');
    await keyboard.press('Enter');
    await room.page.getByText('No messages yet. Say hello').waitFor();
    expect(room.faults).toEqual([]);
  });

  test('reads new messages out, and only their number in a busy room', async () => {
    const room = await browser.viewer(used.server.origin, 'lobby');
    await room.page.evaluate(() => {
      const words: string[] = [];
      Object.assign(window, { words });
      const region = document.querySelector('[aria-live="polite"]')!;
      new MutationObserver(() => words.push(region.textContent)).observe(region, {
        childList: true,
        characterData: true,
        subtree: true,
      });
    });
    const sender = new MessageSender({ name: 'crowd', roomId: 'lobby', servers: () => [used.server] });
    const spoken = () => room.page.evaluate(() => (window as unknown as { words: string[] }).words);
    for (const times of [1, 2]) {
      await sender.send(40);
      await until(async () => (await spoken()).length === times, { what: 'an announcement' });
    }
    await sender.close();
    // The same words twice must be a change. Otherwise screen readers would read them once.
    expect(await spoken()).toEqual(['40 new messages', '40 new messages\u00a0']);
  });
});

describe.each(['light', 'dark'] as const)('in the %s theme, axe finds nothing serious', (colorScheme) => {
  test('in a room', async () => {
    const { page } = await browser.viewer(used.server.origin, 'lobby', { colorScheme });
    expect(await seriousIn(page)).toEqual([]);
  });

  test('in a room on a phone, with the rooms open', async () => {
    const viewport = { width: 390, height: 780 };
    const { page } = await browser.viewer(used.server.origin, 'lobby', { colorScheme, viewport });
    expect(await seriousIn(page)).toEqual([]);
    await page.getByRole('button', { name: 'Rooms' }).click();
    expect(await seriousIn(page)).toEqual([]);
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  });

  test('with a message that is too long', async () => {
    const room = await browser.viewer(used.server.origin, 'lobby', { colorScheme });
    await room.composer.fill('x'.repeat(501));
    await room.page.getByText('501 / 500').waitFor();
    await room.page.getByText('Too long: a message has at most 500 characters.').waitFor();
    expect(await seriousIn(room.page)).toEqual([]);
  });

  test('in the view of the server load', async () => {
    const { page } = await browser.page({ colorScheme });
    await page.goto(`${used.server.origin}/stats`);
    await page.getByRole('status').getByText('Live').waitFor();
    expect(await seriousIn(page)).toEqual([]);
  });
});

async function seriousIn(page: Page): Promise<string[]> {
  // The page's policy forbids foreign scripts, so evaluate axe through the debugger.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(await readFile(AXE, 'utf8'));
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import('axe-core') };
    return (await axe.run()).violations.map(({ id, impact, nodes }) => ({
      id,
      impact,
      where: nodes.map(({ html }) => html),
    }));
  });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, where }) => `${id}: ${where.join(', ')}`);
}
