// Takes the pictures of the page in docs/images, with a server and a Redis of its own. The page must be built.
//
//   npm run build && npx tsx scripts/screenshots.ts
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { WebSocket } from 'ws';
import { run } from '../test/support/clients/http.js';
import { SendMessage } from '../test/support/documents.js';
import { startRedis } from '../test/support/redis-server.js';
import { startServer } from '../test/support/server.js';
import { Talker } from '../test/support/talker.js';
import { chromiumPath } from '../test/web/chromium.js';

const FOLDER = 'docs/images';
const WIDE = { width: 1180, height: 760 };
const PHONE = { width: 390, height: 780 };

/** Seconds of load behind the picture of the load. */
const LOAD_SECONDS = 60;

const SAID: [string, string][] = [
  ['Mara', 'evening everyone'],
  ['Jonas', 'is the sound ok for you? a bit quiet here'],
  ['Ines', 'sounds fine on headphones'],
  ['Tomasz', 'hello from Gdańsk'],
  ['Priya', 'that last jump was unreal'],
  ['Noor', 'he practised it for two weeks, you can see it'],
  ['Leo', 'which keyboard is that?'],
  ['Mara', 'the one from last week, I think. There is a list below the stream with everything on the desk'],
  ['Sam', 'GG'],
  ['Élodie', 'the camera angle is so much better now'],
  ['Jonas', 'ok the sound is back, thanks'],
  ['Ravi', 'how long is the stream today?'],
  ['Ines', 'until ten, he said at the start'],
  ['Priya', 'one more run please'],
  ['Chidi', 'first time here. What are the rules of this challenge?'],
  ['Noor', 'no items, no saves, and the timer never stops. If the boss is reached under an hour it counts'],
  ['Leo', 'so close'],
  ['Tomasz', 'ahhh'],
  ['Sam', 'again!'],
];

const ELSEWHERE: [string, string, string][] = [
  ['art', 'Bo', 'those greens!'],
  ['chess', 'Viktor', 'Nf6 and it is over'],
  ['music', 'Anouk', 'play the slow one'],
  ['speedrun', 'Kit', 'sub 40 incoming'],
];

await mkdir(FOLDER, { recursive: true });
const redis = await startRedis();
const server = await startServer({ redisUrl: redis.url });
const browser = await chromium.launch({
  executablePath: chromiumPath(),
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const say = (roomId: string, author: string, content: string) =>
    run(server, SendMessage, { input: { roomId, author, content } });
  for (const [author, content] of SAID) await say('lobby', author, content);
  for (const [roomId, author, content] of ELSEWHERE) await say(roomId, author, content);
  const viewers = [
    ...crowd('lobby', 23),
    ...crowd('music', 8),
    ...crowd('chess', 4),
    ...crowd('speedrun', 15),
  ];

  for (const colorScheme of ['light', 'dark'] as const) {
    await picture(`room-${colorScheme}`, '/', { colorScheme, viewport: WIDE }, async (page) => {
      await nameYourself(page, 'Ada');
      if (colorScheme === 'light') {
        await page.getByRole('textbox', { name: /^Message/ }).fill('hello from the front row');
        await page.keyboard.press('Enter');
      }
      await page.getByText('hello from the front row').last().waitFor();
    });
  }
  await picture('room-phone', '/', { colorScheme: 'dark', viewport: PHONE, deviceScaleFactor: 2 });
  await picture('rooms-phone', '/', { colorScheme: 'light', viewport: PHONE, deviceScaleFactor: 2 }, (page) =>
    page.getByRole('button', { name: 'Rooms' }).click(),
  );
  await picture('looking-back', '/?room=speedrun', { colorScheme: 'light', viewport: WIDE }, async (page) => {
    for (const [author, content] of [...SAID, ...SAID]) await say('speedrun', author, content);
    await page.getByRole('log').hover();
    await page.mouse.wheel(0, -420);
    await page.locator('.newest').waitFor();
    for (const [author, content] of SAID.slice(0, 12)) await say('speedrun', author, content);
    await page.getByText('12 new messages').waitFor();
  });
  const talker = new Talker({ name: 'talker', roomId: 'lobby', servers: () => [server] });
  await picture('load', '/stats', { colorScheme: 'light', viewport: WIDE }, async () => {
    for (let second = 0; second < LOAD_SECONDS; second += 5) {
      await talker.hush();
      talker.talk(20 + 15 * Math.sin(second / 6));
      await sleep(5_000);
    }
  });
  await talker.close();
  await Promise.all(viewers.map((viewer) => viewer.dispose()));
} finally {
  await browser.close();
  await server.close();
  await redis.close();
}

async function picture(
  name: string,
  path: string,
  options: BrowserContextOptions,
  prepare: (page: Page) => Promise<unknown> = async () => undefined,
): Promise<void> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto(server.origin + path);
  await page.getByRole('status').getByText('Live').waitFor();
  await prepare(page);
  // The counts come once a second.
  await sleep(2_500);
  await page.screenshot({ path: `${FOLDER}/${name}.png` });
  await context.close();
}

async function nameYourself(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: /change your name/ }).click();
  await page.getByRole('textbox', { name: 'Your name' }).fill(name);
  await page.keyboard.press('Enter');
}

/** People who look at a room. */
function crowd(roomId: string, count: number) {
  return Array.from({ length: count }, () => {
    const client = createClient({ url: server.wsUrl, webSocketImpl: WebSocket, lazy: true });
    const query = 'subscription ($roomId: ID!) { messageAdded(roomId: $roomId) { id content } }';
    client.subscribe({ query, variables: { roomId } }, { next: ignore, error: ignore, complete: ignore });
    return client;
  });
}

function ignore(): void {
  // It is there to be counted.
}
