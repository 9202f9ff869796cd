/** The page as two people use it, while parts of the system fail. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type RedisServer, startRedis } from '#test/support/redis-server.js';
import { type ServerProcess, spawnServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { type RoomPage, useBrowser } from './browser.js';

const browser = useBrowser();
let redis: RedisServer;
let server: ServerProcess;
let rooms = 0;
let roomId: string;

beforeAll(async () => {
  redis = await startRedis({ appendonly: true });
  server = await spawnServer({ redisUrl: redis.url, ALLOW_GUESTS: 'true' });
});
afterEach(() => {
  rooms += 1;
});
afterAll(async () => {
  server.signal('SIGKILL');
  await server.exited;
  await redis.close();
});

/** Two people in a room that nobody else uses. */
async function two(): Promise<[RoomPage, RoomPage]> {
  roomId = `room${rooms}`;
  const pages = await Promise.all([
    browser.viewer(server.origin, roomId),
    browser.viewer(server.origin, roomId),
  ]);
  await pages[0].callYourself('Ann');
  await pages[1].callYourself('Ben');
  return pages;
}

/** What both show at the end, which must be what was said: nothing lost, nothing doubled. */
async function bothShow(pages: readonly RoomPage[], said: readonly string[]): Promise<void> {
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

/** Starts the server again where it was. */
async function restart(): Promise<void> {
  const { port } = new URL(server.origin);
  server = await spawnServer({ redisUrl: redis.url, PORT: port, ALLOW_GUESTS: 'true' });
}

describe('two pages', () => {
  it('chat', async () => {
    const [ann, ben] = await two();
    await ann.say('hello');
    await ben.shows('hello');
    await ben.say('hi Ann');
    await ann.shows('hi Ann');

    await bothShow([ann, ben], ['hello', 'hi Ann']);
    const names = await ben.page.locator('.line .name').allTextContents();
    expect(names).toEqual(['Ann', 'Ben']);
    expect(await ann.composer.inputValue()).toBe('');
  });

  it('show what one says from that moment on, without a flicker', async () => {
    const [ann] = await two();
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
    await bothShow([ann], said);
    const counts = await ann.page.evaluate(() => (window as unknown as { counts: number[] }).counts);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  });

  it('say the same at the same time, and show it twice', async () => {
    const [ann, ben] = await two();
    await Promise.all([ann.say('GG'), ben.say('GG')]);
    await Promise.all([ann.say('GG'), ben.say('GG')]);
    await bothShow([ann, ben], ['GG', 'GG', 'GG', 'GG']);
  });

  it('lose and double nothing where the server is killed and started again', async () => {
    const [ann, ben] = await two();
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
    await bothShow([ann, ben], ['before', 'while it was down', 'is anybody there?', 'after']);
  }, 60_000);

  it('lose nothing that was unsent where one goes to another room and comes back', async () => {
    const [ann, ben] = await two();
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
    await bothShow([ann, ben], ['one', 'two']);
  }, 60_000);

  it('lose and double nothing where Redis is killed and started again', async () => {
    const [ann, ben] = await two();
    await ann.say('before');
    await ben.shows('before');

    await redis.kill();
    await ann.say('while it was down');
    await redis.restart();

    await ben.say('after');
    await bothShow([ann, ben], ['before', 'while it was down', 'after']);
  }, 60_000);

  it('are told what came late, where one was offline', async () => {
    const [ann, ben] = await two();
    await ann.say('before');
    await ben.shows('before');

    await ben.page.context().setOffline(true);
    await ben.hasStatus('Offline: waiting for the network');
    for (const content of ['one', 'two', 'three']) {
      await ann.say(content);
      await until(async () => (await ann.page.locator('.line[data-state]').count()) === 0, {
        what: 'it to be sent',
      });
    }
    await ben.page.context().setOffline(false);

    await ben.hasStatus('Caught up after 3 missed messages');
    await bothShow([ann, ben], ['before', 'one', 'two', 'three']);
  }, 60_000);

  it('are told where history expired meanwhile', async () => {
    const [ann, ben] = await two();
    await ann.say('before');
    await ben.shows('before');

    await ben.page.context().setOffline(true);
    await ben.hasStatus('Offline: waiting for the network');
    await redis.cli('DEL', `messages:${roomId}`);
    await ann.say('after');
    await until(async () => (await redis.cli('LLEN', `messages:${roomId}`)) === '1', {
      what: 'it to be stored',
    });
    await ben.page.context().setOffline(false);

    await ben.hasStatus('History expired: some messages are gone');
    await ben.shows('after');
    await until(async () => (await ben.page.locator('.divider').count()) === 1, {
      what: 'a line that says so',
    });
  }, 60_000);
});
