/** Limits on how fast a user may send, and refused messages. */
import { expect, test } from 'vitest';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';
import { useBrowser } from './browser.js';

const browser = useBrowser();
const used = useServer({ RATE_SENDS_PER_USER: 1, RATE_WINDOW_SECONDS: 3 });

test('counts down to the next message, and keeps a message that was too early until then', async () => {
  const room = await browser.viewer(used.server.origin, 'slow');
  await room.say('first');
  await room.shows('first');
  await room.say('too early');
  await room.page.getByText('Waiting for slow mode').waitFor();
  await room.page.getByText(/^Slow mode: the next message in \d seconds?$/).waitFor();
  await room.composer.fill('and another');
  expect(await room.page.getByRole('button', { name: 'Send' }).isDisabled()).toBe(true);

  await until(async () => (await room.page.locator('.line[data-state]').count()) === 0, {
    what: 'the message to be sent',
  });
  expect(await room.texts()).toEqual(['first', 'too early']);
  await until(async () => room.page.getByRole('button', { name: 'Send' }).isEnabled(), { what: 'the end' });
  expect(await room.composer.inputValue()).toBe('and another');
});

test('shows why a message was refused, and keeps it for another try', async () => {
  const room = await browser.viewer(used.server.origin, 'refused');
  // As if the page did not know the limit of this server.
  await room.page.route('**/graphql', (route) =>
    route.fulfill({
      contentType: 'application/graphql-response+json',
      body: JSON.stringify({
        errors: [
          {
            message: 'content must have at most 3 characters.',
            extensions: { code: 'BAD_USER_INPUT' },
          },
        ],
      }),
    }),
  );
  await room.say('hello');
  await room.page.getByText('Not sent: content must have at most 3 characters.').waitFor();
  await room.page.unroute('**/graphql');
  await room.page.getByRole('button', { name: 'Try again' }).click();
  expect(await room.composer.evaluate((element) => element === document.activeElement)).toBe(true);
  await until(async () => (await room.page.locator('.line[data-state]').count()) === 0, {
    what: 'the message to be sent',
  });
  expect(await room.texts()).toEqual(['hello']);
});

test('counts down even if the wait is longer than the page keeps trying', async () => {
  const room = await browser.viewer(used.server.origin, 'patient');
  await room.page.route('**/graphql', (route) =>
    route.fulfill({
      contentType: 'application/graphql-response+json',
      body: JSON.stringify({
        errors: [{ message: 'Slow mode', extensions: { code: 'RATE_LIMITED', retryAfterMs: 3_600_000 } }],
      }),
    }),
  );
  await room.say('hello');
  await room.page.getByText('Not sent: Slow mode').waitFor();
  await room.page.getByText(/^Slow mode: the next message in 3,\d+ seconds$/).waitFor();
});
