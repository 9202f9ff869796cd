/** What the address of the page opens. */
import { expect, test } from 'vitest';
import { useServer } from '#test/support/use-server.js';
import { useBrowser } from './browser.js';

const browser = useBrowser();
const used = useServer({ ROOM_ID_LENGTH_LIMIT: 10 });

test.each([
  ['foo%20bar', 'foo bar'],
  ['a%2Fb', 'a/b'],
  ['elevenchars', 'elevenchars'],
  ['%E2%80%AEcba', '\u202ecba'],
])('says that a room id is not valid, and what is allowed: %s', async (query, id) => {
  const { page, faults } = await browser.page();
  await page.goto(`${used.server.origin}/?room=${query}`);
  expect(await page.getByRole('alert').textContent()).toContain(
    `“${id}” cannot be the id of a room. A room id has 1 to 10 letters, digits, “_”, “-” and “.”.`,
  );
  expect(await page.title()).toBe('Invalid room · Streamly Chat');
  expect(await page.getByRole('log').count()).toBe(0);

  await page.getByRole('link', { name: 'Go to the lobby' }).click();
  await page.getByRole('heading', { name: 'lobby' }).waitFor();
  expect(faults).toEqual([]);
});

test.each(['', '?room='])('opens the lobby if the address names no room: /%s', async (query) => {
  const { page } = await browser.page();
  await page.goto(`${used.server.origin}/${query}`);
  await page.getByRole('heading', { name: 'lobby' }).waitFor();
});

test('checks the field for another room with the limit of this server', async () => {
  const { page } = await browser.page();
  await page.goto(`${used.server.origin}/?room=lobby`);
  const field = page.getByRole('textbox', { name: 'Open another room' });
  await field.fill('elevenchars');
  await field.press('Enter');
  await page.getByText('1 to 10 letters').waitFor();
  await field.fill('ten_chars.');
  await field.press('Enter');
  await page.getByRole('heading', { name: 'ten_chars.' }).waitFor();
});
