/** GraphiQL in a real browser, with the network closed to every other host. */
import { expect, it } from 'vitest';
import { run } from '#test/support/clients/http.js';
import { SendMessage } from '#test/support/documents.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';
import { useBrowser } from './browser.js';

const browser = useBrowser();
const used = useServer();

it('follows a room, says something in it and reads it', async () => {
  const { page, faults } = await browser.page();
  const elsewhere: string[] = [];
  await page.route('**/*', (route) => {
    const url = route.request().url();
    if (url.startsWith(used.server.origin) || /^(data|blob):/.test(url)) return route.continue();
    elsewhere.push(url);
    return route.abort();
  });
  await page.goto(used.server.url);
  // The editor writes spaces that do not break.
  const answer = async () => (await page.locator('.result-window').textContent())?.replace(/\s/g, ' ') ?? '';
  const execute = async (operation: string) => {
    await page.getByRole('button', { name: /^Execute query/ }).click();
    await page.getByRole('menuitem', { name: operation }).click();
  };

  await execute('Follow');
  await until(async () => (await page.getByRole('button', { name: /^Stop query/ }).count()) === 1, {
    what: 'the subscription to run',
  });
  const arrived = async () => {
    await run(used.server, SendMessage, {
      input: { roomId: 'room1', author: 'Ben', content: 'from elsewhere' },
    });
    return (await answer()).includes('from elsewhere');
  };
  await until(arrived, { what: 'a message that somebody sent', interval: 200 });
  await page.getByRole('button', { name: /^Stop query/ }).click();

  await execute('Say');
  await until(async () => /"sendMessage"/.test(await answer()), { what: 'the message to be sent' });
  await execute('Read');
  await until(async () => /"activeRooms"/.test(await answer()), { what: 'the room' });

  expect(elsewhere).toEqual([]);
  expect(faults).toEqual([]);
});
