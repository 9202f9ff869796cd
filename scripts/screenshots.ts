// Takes the screenshots in docs/images. Starts its own server and Redis. Needs a build.
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
import { MessageSender } from '../test/support/sender.js';
import { startServer } from '../test/support/server.js';
import { chromiumPath } from '../test/web/chromium.js';

const FOLDER = 'docs/images';
const WIDE = { width: 1180, height: 760 };
const PHONE = { width: 390, height: 780 };

/** How long to generate load before taking the screenshot of the load charts, in seconds. */
const LOAD_SECONDS = 60;

/** Author and content of the messages in the main room. */
const LOBBY_MESSAGES: [string, string][] = [
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

/** Room, author and content of messages in other rooms. */
const OTHER_MESSAGES: [string, string, string][] = [
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
  const send = (roomId: string, author: string, content: string) =>
    run(server, SendMessage, { input: { roomId, author, content } });
  for (const [author, content] of LOBBY_MESSAGES) await send('lobby', author, content);
  for (const [roomId, author, content] of OTHER_MESSAGES) await send(roomId, author, content);
  const viewers = [
    ...openViewers('lobby', 23),
    ...openViewers('music', 8),
    ...openViewers('chess', 4),
    ...openViewers('speedrun', 15),
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
    for (const [author, content] of [...LOBBY_MESSAGES, ...LOBBY_MESSAGES])
      await send('speedrun', author, content);
    await page.getByRole('log').hover();
    await page.mouse.wheel(0, -420);
    await page.locator('.newest').waitFor();
    for (const [author, content] of LOBBY_MESSAGES.slice(0, 12)) await send('speedrun', author, content);
    await page.getByText('12 new messages').waitFor();
  });
  const sender = new MessageSender({ name: 'sender', roomId: 'lobby', servers: () => [server] });
  await picture('load', '/stats', { colorScheme: 'light', viewport: WIDE }, async () => {
    for (let second = 0; second < LOAD_SECONDS; second += 5) {
      await sender.stop();
      sender.start(20 + 15 * Math.sin(second / 6));
      await sleep(5_000);
    }
  });
  await sender.close();
  await Promise.all(viewers.map((viewer) => viewer.dispose()));
} finally {
  await browser.close();
  await server.close();
  await redis.close();
}

/** Opens a page, prepares it and takes its screenshot. */
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
  // Counts update once per second.
  await sleep(2_500);
  await page.screenshot({ path: `${FOLDER}/${name}.png` });
  await context.close();
}

async function nameYourself(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: /change your name/ }).click();
  await page.getByRole('textbox', { name: 'Your name' }).fill(name);
  await page.keyboard.press('Enter');
}

/** Opens viewers of a room, so that the page shows realistic counts. */
function openViewers(roomId: string, count: number) {
  return Array.from({ length: count }, () => {
    const client = createClient({ url: server.wsUrl, webSocketImpl: WebSocket, lazy: true });
    const query = 'subscription ($roomId: ID!) { messageAdded(roomId: $roomId) { id content } }';
    client.subscribe({ query, variables: { roomId } }, { next: ignore, error: ignore, complete: ignore });
    return client;
  });
}

function ignore(): void {
  // These viewers exist only to be counted.
}
