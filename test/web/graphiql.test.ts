/** GraphiQL in a real browser that can reach no other host. */
import { expect, test } from 'vitest';
import { run } from '#test/support/clients/http.js';
import { SendMessage } from '#test/support/documents.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';
import { useBrowser } from './browser.js';

const browser = useBrowser();
const used = useServer();

test('subscribes to a room, sends a message and reads it, without any other host', async () => {
  const { page, faults } = await browser.page();
  const otherHosts: string[] = [];
  await page.route('**/*', (route) => {
    const url = route.request().url();
    if (url.startsWith(used.server.origin) || /^(data|blob):/.test(url)) return route.continue();
    otherHosts.push(url);
    return route.abort();
  });
  await page.goto(used.server.url);
  // The editor writes no-break spaces.
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
  await until(arrived, { what: 'a message from someone else', interval: 200 });
  await page.getByRole('button', { name: /^Stop query/ }).click();

  await execute('Say');
  await until(async () => /"sendMessage"/.test(await answer()), { what: 'the message to be sent' });
  await execute('Read');
  await until(async () => /"activeRooms"/.test(await answer()), { what: 'the room' });

  expect(otherHosts).toEqual([]);
  expect(faults).toEqual([]);
});
