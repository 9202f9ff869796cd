/** The page with a server that runs only trusted documents. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { spawnServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { useRedis } from '#test/support/use-server.js';
import { useBrowser } from './browser.js';

const browser = useBrowser();
const used = useRedis();

test('the page shows rooms, subscribes, sends and reads history', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'streamly-manifest-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const manifest = join(folder, 'documents.json');
  await writeFile(manifest, '{}');
  const server = await spawnServer({
    redisUrl: used.redis.url,
    TRUSTED_DOCUMENTS: manifest,
    REQUIRE_TRUSTED_DOCUMENTS: 'true',
  });
  onTestFinished(() => server.close());

  const refused: string[] = [];
  const room = await browser.viewer(server.origin, 'trusted');
  room.page.on('response', async (response) => {
    if ((await response.text().catch(() => '')).includes('FORBIDDEN')) refused.push(response.url());
  });
  await room.say('Hello from the page');
  await room.page.getByRole('log').getByText('Hello from the page').waitFor();
  await room.page
    .getByRole('link', { name: /trusted/ })
    .first()
    .waitFor();
  await until(async () => (await used.redis.cli('LLEN', 'messages:trusted')) === '1', {
    what: 'the message',
  });
  await room.page.goto(`${server.origin}/stats`);
  await room.page
    .getByText(/viewers/i)
    .first()
    .waitFor();
  expect(refused).toEqual([]);
  expect(room.faults).toEqual([]);
});
