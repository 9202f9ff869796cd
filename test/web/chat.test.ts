/** Two people use the page while parts of the system fail. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ServerProcess, spawnServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { useRedis } from '#test/support/use-server.js';
import { type RoomPage, useBrowser } from './browser.js';

const browser = useBrowser();
const used = useRedis({ appendonly: true });
let server: ServerProcess;
let rooms = 0;
let roomId: string;

beforeAll(async () => {
  server = await spawnServer({ redisUrl: used.redis.url, ALLOW_GUESTS: 'true' });
});
afterEach(() => {
  rooms += 1;
});
afterAll(async () => {
  server.signal('SIGKILL');
  await server.exited;
});

/** Opens a new room on two pages, for Ann and Ben. */
async function openTwoPages(): Promise<[RoomPage, RoomPage]> {
  roomId = `room${rooms}`;
  const pages = await Promise.all([
    browser.viewer(server.origin, roomId),
    browser.viewer(server.origin, roomId),
  ]);
  await pages[0].setName('Ann');
  await pages[1].setName('Ben');
  return pages;
}

/** Waits until all messages are settled, then expects each page to show exactly what was sent. */
async function expectShown(pages: readonly RoomPage[], said: readonly string[]): Promise<void> {
  for (const page of pages) {
    const settled = async () => {
      const texts = await page.texts();
      const unsettled = await page.page.locator('.line[data-state]').count();
      return texts.length >= said.length && unsettled === 0;
    };
    await until(settled, { what: `${said.length} settled messages`, timeout: 25_000 }).catch(() => undefined);
    const state = async (each: RoomPage) =>
      `“${await each.composer.inputValue()}” unsent, ${await each.status.textContent()}, shows ${await each.texts()}`;
    expect((await page.texts()).sort(), (await Promise.all(pages.map(state))).join('; ')).toEqual(
      [...said].sort(),
    );
    expect(page.faults).toEqual([]);
  }
}

/** Starts the server again on the same port. */
async function restart(): Promise<void> {
  const { port } = new URL(server.origin);
  server = await spawnServer({ redisUrl: used.redis.url, PORT: port, ALLOW_GUESTS: 'true' });
}

describe('two pages', () => {
  test('show the messages of both under their names', async () => {
    const [ann, ben] = await openTwoPages();
    await ann.say('hello');
    await ben.shows('hello');
    await ben.say('hi Ann');
    await ann.shows('hi Ann');

    await expectShown([ann, ben], ['hello', 'hi Ann']);
    const names = await ben.page.locator('.line .name').allTextContents();
    expect(names).toEqual(['Ann', 'Ben']);
    expect(await ann.composer.inputValue()).toBe('');
  });

  test('show an own message at once and without flicker', async () => {
    const [ann] = await openTwoPages();
    await ann.page.evaluate(() => {
      const counts: number[] = [];
      Object.assign(window, { counts });
      const look = () => counts.push(document.querySelectorAll('.line').length);
      new MutationObserver(look).observe(document.querySelector('.list')!, {
        childList: true,
        subtree: true,
      });
    });
    const said = Array.from({ length: 10 }, (_, index) => `message ${index}`);
    for (const content of said) await ann.say(content);
    await expectShown([ann], said);
    const counts = await ann.page.evaluate(() => (window as unknown as { counts: number[] }).counts);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  });

  test('show the same text twice if both send it at the same time', async () => {
    const [ann, ben] = await openTwoPages();
    await Promise.all([ann.say('GG'), ben.say('GG')]);
    await Promise.all([ann.say('GG'), ben.say('GG')]);
    await expectShown([ann, ben], ['GG', 'GG', 'GG', 'GG']);
  });

  test('show every message once after the server was killed and restarted', async () => {
    const [ann, ben] = await openTwoPages();
    await ann.say('before');
    await ben.shows('before');

    server.signal('SIGKILL');
    await server.exited;
    await ann.hasStatus('Reconnecting…');
    await ann.say('while it was down');
    await ben.say('is anybody there?');
    await restart();

    await Promise.all([ann.hasStatus(/^Live|^Caught up/), ben.hasStatus(/^Live|^Caught up/)]);
    await ann.say('after');
    await expectShown([ann, ben], ['before', 'while it was down', 'is anybody there?', 'after']);
  }, 60_000);

  test('keep unsent messages when the user visits another room and returns', async () => {
    const [ann, ben] = await openTwoPages();
    const goTo = async (room: string) => {
      await ann.page.getByRole('textbox', { name: 'Open another room' }).fill(room);
      await ann.page.keyboard.press('Enter');
      await ann.page.getByRole('heading', { name: room, exact: true }).waitFor();
    };
    server.signal('SIGKILL');
    await server.exited;
    await ann.hasStatus('Reconnecting…');
    await ann.say('one');
    await ann.say('two');
    await goTo('elsewhere');
    expect(await ann.texts()).toEqual([]);
    await goTo(roomId);
    expect(await ann.texts()).toEqual(['one', 'two']);
    await goTo('elsewhere');
    await restart();

    await until(async () => (await ben.texts()).includes('two'), { what: 'what was said', timeout: 25_000 });
    await goTo(roomId);
    await expectShown([ann, ben], ['one', 'two']);
  }, 60_000);

  test('show every message once after Redis was killed and restarted', async () => {
    const [ann, ben] = await openTwoPages();
    await ann.say('before');
    await ben.shows('before');

    await used.redis.kill();
    await ann.say('while it was down');
    await used.redis.restart();

    await ben.say('after');
    await expectShown([ann, ben], ['before', 'while it was down', 'after']);
  }, 60_000);

  test('say how many messages were missed while offline', async () => {
    const [ann, ben] = await openTwoPages();
    await ann.say('before');
    await ben.shows('before');

    await ben.page.context().setOffline(true);
    await ben.hasStatus('Offline: waiting for the network');
    for (const content of ['one', 'two', 'three']) {
      await ann.say(content);
      await until(async () => (await ann.page.locator('.line[data-state]').count()) === 0, {
        what: 'the message to be sent',
      });
    }
    await ben.page.context().setOffline(false);

    await ben.hasStatus('Caught up after 3 missed messages');
    await expectShown([ann, ben], ['before', 'one', 'two', 'three']);
  }, 60_000);

  test('say that messages are gone if the history expired while offline', async () => {
    const [ann, ben] = await openTwoPages();
    await ann.say('before');
    await ben.shows('before');

    await ben.page.context().setOffline(true);
    await ben.hasStatus('Offline: waiting for the network');
    // Everything that Redis knows of the room. Without its list alone, the room would just have fallen silent.
    await used.redis.cli('DEL', `messages:${roomId}`, `room:{messages:${roomId}}`);
    await ann.say('after');
    await until(async () => (await used.redis.cli('LLEN', `messages:${roomId}`)) === '1', {
      what: 'the message to be stored',
    });
    await ben.page.context().setOffline(false);

    await ben.hasStatus('History expired: some messages are gone');
    await ben.shows('after');
    await until(async () => (await ben.page.locator('.divider').count()) === 1, {
      what: 'the line that marks the gap',
    });
  }, 60_000);
});
