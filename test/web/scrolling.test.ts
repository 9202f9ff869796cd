/** Scrolling back while messages arrive, and a very busy room. */
import { beforeAll, describe, expect, test } from 'vitest';
import { MessageSender } from '#test/support/sender.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';
import { type RoomPage, useBrowser } from './browser.js';

/** How long the busy room is busy. For a minute: `BUSY_SECONDS=60 npx vitest run test/web/scrolling.test.ts`. */
const BUSY_SECONDS = Number(process.env.BUSY_SECONDS ?? 10);

const browser = useBrowser();
const used = useServer();

function talkerIn(roomId: string, name = 'sender'): MessageSender {
  return new MessageSender({ name, roomId, servers: () => [used.server] });
}

/** Starts recording which lines are visible, once a frame. */
function watchLines({ page }: RoomPage): Promise<void> {
  return page.evaluate(() => {
    const list = document.querySelector('.scroller')!;
    const frames: string[][] = [];
    Object.assign(window, { frames });
    const look = () => {
      const { top, bottom } = list.getBoundingClientRect();
      const seen = [...list.querySelectorAll<HTMLElement>('.line[data-id]')].filter((line) => {
        const place = line.getBoundingClientRect();
        return place.bottom > top && place.top < bottom;
      });
      frames.push(seen.map((line) => line.dataset.id!));
      requestAnimationFrame(look);
    };
    look();
  });
}

function framesOf({ page }: RoomPage): Promise<string[][]> {
  return page.evaluate(() => (window as unknown as { frames: string[][] }).frames);
}

/** The distance of a line from the top of the window, in pixels. */
function topOf({ page }: RoomPage, id: string): Promise<number> {
  return page.locator(`.line[data-id="${id}"]`).evaluate((line) => line.getBoundingClientRect().top);
}

describe('scrolling back', () => {
  const roomId = 'history';
  let ids: string[];
  beforeAll(async () => {
    const sender = talkerIn(roomId);
    for (let sent = 0; sent < 400; sent += 1) await sender.sendOne();
    ids = sender.acknowledged.map(({ id }) => id);
    await sender.close();
  });

  test('reaches the first message, page by page, without a jump', async () => {
    const room = await browser.viewer(used.server.origin, roomId);
    await until(async () => (await room.fromEnd()) < 2, { what: 'the newest message' });
    await watchLines(room);
    await until(
      async () => {
        await room.wheel(-250);
        return (await framesOf(room)).at(-1)!.includes(ids[0]!);
      },
      { what: 'the first message', timeout: 100_000, interval: 30 },
    );

    const frames = await framesOf(room);
    // Every message was visible, and each frame shares a line with the one before.
    expect(new Set(frames.flat()).size).toBe(ids.length);
    for (const [index, frame] of frames.slice(1).entries()) {
      expect(frame.some((id) => frames[index]!.includes(id))).toBe(true);
    }
    expect(room.faults).toEqual([]);
  }, 120_000);

  test('keeps its position while messages arrive, counts them, and goes to them on request', async () => {
    const room = await browser.viewer(used.server.origin, roomId);
    await room.wheel(-900);
    await until(async () => (await room.fromEnd()) > 400, { what: 'the list to be scrolled' });
    await watchLines(room);
    const seen = await until(async () => (await framesOf(room)).at(-1)?.[3], { what: 'a line' });
    const before = await topOf(room, seen!);

    const sender = talkerIn(roomId, 'late');
    for (let sent = 0; sent < 12; sent += 1) await sender.sendOne();
    await sender.close();

    await until(async () => (await room.newest.textContent()) === '12 new messages', {
      what: '12 new messages',
    });
    expect(await topOf(room, seen!)).toBeCloseTo(before, 0);

    await room.newest.click();
    await room.shows('late:12');
    await until(async () => (await room.fromEnd()) < 2, { what: 'the end' });
    expect(await room.newest.count()).toBe(0);
  });
});

describe('scrolling with a finger', () => {
  test('stops following, and follows again at the end', async () => {
    const sender = talkerIn('touched');
    await sender.send(60);
    await sender.close();
    const room = await browser.viewer(used.server.origin, 'touched', { hasTouch: true });
    await until(async () => (await room.fromEnd()) < 2, { what: 'the newest message' });
    const session = await room.page.context().newCDPSession(room.page);
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', y?: number) =>
      session.send('Input.dispatchTouchEvent', { type, touchPoints: y === undefined ? [] : [{ x: 700, y }] });
    const pan = async (from: number, to: number) => {
      await touch('touchStart', from);
      for (let step = 1; step <= 10; step += 1) await touch('touchMove', from + ((to - from) * step) / 10);
      await touch('touchEnd');
    };
    await pan(200, 500);
    await room.newest.waitFor();
    await pan(600, 150);
    await until(async () => (await room.newest.count()) === 0, { what: 'the end' });

    // Long after the gesture, scrolling is the page's own and must not stop it from following.
    await room.page.evaluate(() => {
      const now = performance.now.bind(performance);
      performance.now = () => now() + 5_000;
      document.querySelector('.scroller')!.scrollTop -= 150;
    });
    await until(async () => (await room.fromEnd()) < 2, { what: 'the end again' });
    expect(await room.newest.count()).toBe(0);
  });
});

describe(`a room with 100 messages a second for ${BUSY_SECONDS} seconds`, () => {
  test(
    'is shown up to the last message, with few elements and little memory',
    async () => {
      const room = await browser.viewer(used.server.origin, 'busy');
      const session = await room.page.context().newCDPSession(room.page);
      const heap = async () => {
        await session.send('HeapProfiler.collectGarbage');
        return (await session.send('Runtime.getHeapUsage')).usedSize;
      };
      const sender = talkerIn('busy');
      await sender.send(1_500);
      await room.shows('sender:1500').catch(() => undefined);
      const heapBefore = await heap();
      await room.page.evaluate(() => {
        const times: number[] = [];
        Object.assign(window, { times });
        const tick = (now: number) => {
          times.push(now);
          requestAnimationFrame(tick);
        };
        requestAnimationFrame(tick);
      });

      const endsAt = performance.now() + BUSY_SECONDS * 1_000;
      sender.start(100);
      let most = 0;
      await until(
        async () => {
          most = Math.max(most, await room.page.locator('.line').count());
          return performance.now() > endsAt;
        },
        { what: 'the busy time to end', timeout: BUSY_SECONDS * 1_000 + 10_000, interval: 250 },
      );
      await sender.stop();
      const last = await sender.sendOne();

      await room.shows(last.content!);
      await until(async () => (await room.fromEnd()) < 2, { what: 'the end' });
      const times = await room.page.evaluate(() => (window as unknown as { times: number[] }).times);
      const grown = (await heap()) - heapBefore;
      console.log(frameReport(times), `heap ${(grown / 1e6).toFixed(1)} MB more, ${most} lines at most`);
      expect(most).toBeLessThan(150);
      expect(grown).toBeLessThan(4e6);
      expect(room.faults).toEqual([]);
      await sender.close();
    },
    BUSY_SECONDS * 1_000 + 60_000,
  );
});

function frameReport(times: readonly number[]): string {
  const frames = times.slice(1).map((time, index) => time - times[index]!);
  frames.sort((a, b) => a - b);
  const share = (part: number) => frames[Math.floor(frames.length * part)]?.toFixed(1);
  const second = (times.at(-1)! - times[0]!) / 1_000;
  return `${(frames.length / second).toFixed(1)} frames a second; median ${share(0.5)} ms, 95 % ${share(0.95)} ms, 99 % ${share(0.99)} ms;`;
}
