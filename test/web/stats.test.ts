/** The view of the server load, also while the server is away. */
import { describe, expect, test } from 'vitest';
import { startRedis } from '#test/support/redis-server.js';
import { spawnServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { type Seconds, type Stats, withSecond } from '../../web/page/stats/seconds.js';
import { useBrowser } from './browser.js';

const second = (number: number) => ({ at: new Date(number * 1_000).toISOString() }) as Stats;
const shown = (seconds: Seconds) => seconds.map((each) => each && Date.parse(each.at) / 1_000);
const seconds = (numbers: readonly number[]) =>
  shown(numbers.map(second).reduce<Seconds>((known, each) => withSecond(known, each), []));

describe('the seconds', () => {
  test('are the last two minutes', () => {
    expect(seconds(Array.from({ length: 500 }, (_, index) => index))).toEqual(
      Array.from({ length: 120 }, (_, index) => 380 + index),
    );
  });

  test('have a gap while the server was away, but not if a second was late', () => {
    expect(seconds([1, 2, 4.5, 5])).toEqual([1, 2, 4.5, 5]);
    expect(seconds([1, 2, 6, 7])).toEqual([1, 2, null, null, null, 6, 7]);
    expect(seconds([1, 10_000])).toEqual([...Array.from({ length: 119 }, () => null), 10_000]);
    // From another server whose clock is behind.
    expect(seconds([10, 3])).toEqual([10, 3]);
  });
});

describe('the view', () => {
  const browser = useBrowser();

  test('shows that the server is away, and leaves a gap in the charts', async () => {
    const redis = await startRedis();
    let server = await spawnServer({ redisUrl: redis.url });
    try {
      const { page } = await browser.page();
      await page.goto(`${server.origin}/stats`);
      const status = page.getByRole('status');
      const lines = async () => {
        const drawn = (await page.locator('[aria-label="Viewers"] path').getAttribute('d')) ?? '';
        return drawn.split('M').length - 1;
      };
      await status.getByText('Live', { exact: true }).waitFor();
      expect(await lines()).toBe(1);

      server.signal('SIGKILL');
      await server.exited;
      await status.getByText('Reconnecting…').waitFor();
      server = await spawnServer({ redisUrl: redis.url, PORT: new URL(server.origin).port });
      await status.getByText('Live', { exact: true }).waitFor();
      await until(async () => (await lines()) === 2, { what: 'two lines' });
    } finally {
      server.signal('SIGKILL');
      await server.exited;
      await redis.close();
    }
  }, 60_000);
});
