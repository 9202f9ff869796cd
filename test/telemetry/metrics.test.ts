/** The metrics at /metrics, and the dashboard and alerts that use them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EventStream } from '#test/support/clients/event-stream.js';
import { post } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { say } from '#test/support/say.js';
import { startServer, type TestServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';
import { MachineMetrics } from '#workers/machine-metrics.js';

const used = useServer({ METRICS_REDIS_INFO_MS: 1_000 });

const scrape = async (server: TestServer = used.server, headers: Record<string, string> = {}) =>
  (await fetch(`${server.origin}/metrics`, { headers })).text();

/** The value of a series with these labels, or the sum of all series of a name without labels. */
function sumOf(text: string, series: string): number {
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith(series) && /^[ {]/.test(line.slice(series.length)));
  expect(lines, series).not.toEqual([]);
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

async function scrapeUntil(holds: (text: string) => boolean, what: string): Promise<string> {
  let text = '';
  await until(
    async () => {
      text = await scrape();
      return holds(text);
    },
    { what },
  );
  return text;
}

const file = (path: string) => fileURLToPath(new URL(`../../deploy/${path}`, import.meta.url));
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

describe('metrics', () => {
  test('count connections, subscriptions and deliveries', async () => {
    const before = await scrape();
    const roomId = 'measured';
    const query = `subscription { messageAdded(roomId: "${roomId}") { content } }`;
    const sockets = await Promise.all([1, 2, 3].map(() => RawSocket.ready(used.server)));
    for (const socket of sockets) socket.subscribe('1', { query });
    const stream = await EventStream.open(used.server, { query });
    await until(async () => sumOf(await scrape(), 'streamly_subscriptions') === 4, {
      what: 'four viewers',
    });

    await say(used.server, roomId, 'one', 'two');
    for (const socket of sockets) await socket.take(2);
    await stream.nextResult();
    await stream.nextResult();

    const now = await scrapeUntil(
      (text) => sumOf(text, 'streamly_delivery_delay_seconds_count') >= 2,
      'the delays',
    );
    const grown = (series: string) => sumOf(now, series) - sumOf(before, series);
    expect(sumOf(now, 'streamly_connections{transport="websocket"}')).toBe(3);
    expect(sumOf(now, 'streamly_connections{transport="sse"}')).toBe(1);
    expect(sumOf(now, 'streamly_rooms')).toBe(1);
    expect(sumOf(now, 'streamly_projections')).toBe(1);
    expect(sumOf(now, 'streamly_lagging_subscriptions')).toBe(0);
    expect(grown('streamly_messages_total')).toBe(2);
    expect(grown('streamly_deliveries_total')).toBe(8);
    const bytes = Buffer.byteLength('{"data":{"messageAdded":{"content":"one"}}}');
    expect(grown('streamly_delivered_bytes_total')).toBe(8 * bytes);
    expect(grown('streamly_operations_total{transport="http",kind="mutation",outcome="ok"}')).toBe(2);
    expect(grown('streamly_store_duration_seconds_count{operation="append",outcome="ok"}')).toBe(2);
    expect(now).not.toContain(roomId);

    stream.crash();
    for (const socket of sockets) await socket.close();
    await until(async () => sumOf(await scrape(), 'streamly_rooms') === 0, { what: 'nobody' });
  });

  test('count errors by their code', async () => {
    const refusals = async () => sumOf(await scrape(), 'streamly_refusals_total{code="BAD_USER_INPUT"}');
    const before = await refusals();
    await post(used.server, { query: '{ messages(roomId: "a b") { nodes { id } } }' });
    expect(await refusals()).toBe(before + 1);
  });

  test('count refused origins', async () => {
    await fetch(used.server.url, { method: 'POST', headers: { Origin: 'https://evil.example' } });
    expect(sumOf(await scrape(), 'streamly_rejected_connections_total{reason="origin"}')).toBe(1);
  });

  test('show the state of Redis, and whether it is down', async () => {
    const text = await scrapeUntil(
      (text) => sumOf(text, 'streamly_redis_up') === 1,
      'Redis to have been asked',
    );
    // No label: dashboards and alerts of one Redis depend on it.
    expect(text).toMatch(/^streamly_redis_up 1$/m);
    expect(sumOf(text, 'streamly_redis_memory_used_bytes')).toBeGreaterThan(100_000);
    expect(sumOf(text, 'streamly_redis_clients')).toBeGreaterThanOrEqual(2);
    expect(sumOf(text, 'streamly_redis_evicted_keys')).toBe(0);
    await used.redis.stop();
    await until(async () => sumOf(await scrape(), 'streamly_redis_up') === 0, {
      what: 'Redis to be missed',
    });
    await used.redis.restart();
    await until(async () => sumOf(await scrape(), 'streamly_redis_up') === 1, { what: 'Redis to be back' });
    expect(sumOf(await scrape(), 'streamly_redis_reconnects_total{connection="commands"}')).toBe(1);
  });

  test('get no new series from room names or operation names', async () => {
    const seriesOf = (text: string) => text.split('\n').filter((line) => !line.startsWith('#')).length;
    await post(used.server, {
      query: 'query Warm { activeRooms { id connectionCount lastMessage { id } } }',
    });
    await say(used.server, 'warm', 'up');
    const before = seriesOf(await scrape());
    for (let index = 0; index < 20; index += 1) {
      await say(used.server, `room-${index}`, 'hello');
      await post(used.server, { query: `query Name${index} { activeRooms { id } }` });
    }
    expect(seriesOf(await scrape())).toBe(before);
  });
});

describe('access to /metrics', () => {
  const servers: TestServer[] = [];
  const another = async (variables: Record<string, string>) => {
    const server = await startServer({ redisUrl: used.redis.url, ...variables });
    servers.push(server);
    return server;
  };
  afterAll(() => Promise.all(servers.map((server) => server.close())));
  const statusOf = async (server: TestServer, headers: Record<string, string> = {}) =>
    (await fetch(`${server.origin}/metrics`, { headers })).status;

  test('is allowed from this machine, but not through a proxy on it', async () => {
    expect(await statusOf(used.server)).toBe(200);
    expect(await statusOf(used.server, { 'X-Forwarded-For': '203.0.113.9' })).toBe(404);
    expect(await statusOf(used.server, { Forwarded: 'for=203.0.113.9' })).toBe(404);
  });

  test('is denied in production if there is no token', async () => {
    expect(await statusOf(await another({ NODE_ENV: 'production' }))).toBe(404);
  });

  test('requires the token if there is one', async () => {
    const token = 'a-token-that-is-long';
    const server = await another({ METRICS_TOKEN: token });
    expect(await statusOf(server)).toBe(404);
    expect(await statusOf(server, { Authorization: 'Bearer nonsense' })).toBe(404);
    expect(await statusOf(server, { Authorization: `Bearer ${token}` })).toBe(200);
  });

  test('is denied if metrics are off', async () => {
    expect(await statusOf(await another({ METRICS: 'false' }))).toBe(404);
  });
});

describe('the files in deploy/', () => {
  let names: Set<string>;
  beforeAll(async () => {
    // Some series exist only after their first event.
    await say(used.server, 'deployed', 'hello');
    await post(used.server, { query: '{ activeRooms { id } }' });
    const text = await scrapeUntil(
      (text) => sumOf(text, 'streamly_redis_up') === 1,
      'Redis to have been asked',
    );
    names = new Set([...text.matchAll(/^(\w+)(?:\{| )/gm)].map(([, name]) => name!));
  });

  /** The names of metrics in queries. */
  const namesIn = (text: string) =>
    [...text.matchAll(/\b((?:streamly|process|nodejs)_\w+)\b/g)].map(([, name]) => name!);

  test('have a dashboard that uses only existing metrics, and nearly all of them', () => {
    const dashboard = JSON.parse(readFileSync(file('grafana/dashboard.json'), 'utf8')) as {
      panels: { title: string; targets?: { expr: string }[] }[];
    };
    const asked = dashboard.panels
      .flatMap(({ targets }) => targets ?? [])
      .flatMap(({ expr }) => namesIn(expr));
    expect(asked.length).toBeGreaterThan(30);
    expect(asked.filter((name) => !names.has(name))).toEqual([]);
    const shown = new Set(asked.map(familyOf));
    const notShown = [...new Set([...names].map(familyOf))].filter((name) => !shown.has(name));
    expect(notShown.sort()).toEqual([
      'process_start_time_seconds',
      'streamly_redis_commands',
      'streamly_redis_memory_fragmentation_ratio',
      'streamly_redis_uptime_seconds',
    ]);
  });

  test('have alerts that use only existing metrics', async () => {
    const asked = namesIn(readFileSync(file('prometheus/alerts.yml'), 'utf8'));
    expect(asked.length).toBeGreaterThan(10);
    const ofWorkers = namesIn(await new MachineMetrics().collect([]));
    expect(asked.filter((name) => !names.has(name) && !ofWorkers.includes(name))).toEqual([]);
  });

  test.runIf(hasPromtool)('have alerts, and metrics have names, that promtool accepts', async () => {
    execFileSync('promtool', ['check', 'rules', file('prometheus/alerts.yml')]);
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: await scrape(), encoding: 'utf8' });
    expect(checked.stderr + checked.stdout).toBe('');
    expect(checked.status).toBe(0);
  });
});

function familyOf(name: string): string {
  return name.replace(/_(bucket|sum|count)$/, '');
}
