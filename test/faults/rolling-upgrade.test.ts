import { beforeAll, expect, test } from 'vitest';
import { buildPrevious } from '#test/support/previous-version.js';
import type { ServerProcess } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { HEAVY, nothingLost, report, startSite } from './fixture.js';

let previous: string;
beforeAll(async () => {
  previous = await buildPrevious();
}, 120_000);

// The counts are checked against the list at the end, so nothing may be trimmed.
const variables = { HEAD_CHECK_MS: 300, PRESENCE_HEARTBEAT_MS: 500, HISTORY_LIMIT: 100_000 };

/** Stops a node gracefully, as a deployment does. */
async function retire(node: ServerProcess): Promise<void> {
  node.signal('SIGTERM');
  expect(await node.exited).toBe(0);
}

test.each([
  ['to this version', 'previous', 'present'],
  ['back to the previous version', 'present', 'previous'],
] as const)(
  'a rolling restart %s under load interrupts no subscription',
  { timeout: 240_000 },
  async (what, from, to) => {
    const site = await startSite({ nodes: 0, variables });
    const start = (version: typeof from | typeof to) =>
      site.addNode({}, version === 'previous' ? previous : undefined);
    const leaving = [await start(from), await start(from)];
    const viewers = Array.from({ length: 10 }, () => site.viewer('room1'));
    const senders = [site.sender('room1'), site.sender('room1')];
    for (const sender of senders) sender.start(50);
    const flow = async (count: number) => {
      const before = viewers.map(({ total }) => total);
      await until(() => viewers.every(({ total }, index) => total > before[index]! + count), {
        what: 'messages to reach every viewer',
        timeout: 20_000,
      });
    };
    await flow(50);
    for (const node of leaving) {
      await start(to);
      await flow(10);
      // Viewers move between the versions while both run.
      for (const part of [0, 1, 2]) {
        for (const viewer of viewers.filter((_, index) => index % 3 === part)) viewer.drop();
        await flow(5);
      }
      await retire(node);
      await flow(10);
    }
    for (const sender of senders) await sender.stop();

    const counts = await site.count('room1');
    const refusals = viewers.flatMap((viewer) => [...viewer.refusals]);
    const subscribes = viewers.reduce((sum, viewer) => sum + viewer.subscribes, 0);
    report(`a rolling restart ${what}`, counts, { subscribes, refusals: refusals.join() || 'none' });
    expect(counts).toEqual(nothingLost(counts.sent, counts.sent * viewers.length));
    expect(refusals).toEqual([]);
    // The next version reads what both wrote as one chain without a gap.
    const stored = await site.stored('room1');
    for (const [index, { prev }] of stored.entries()) expect(prev).toBe(stored[index - 1]?.id ?? '0');
  },
);

test('while both versions run, the chain of a silent room continues', HEAVY, async () => {
  const site = await startSite({ nodes: 0, variables: { ...variables, MESSAGE_TTL_SECONDS: 3 } });
  const [before, after] = [await site.addNode({}, previous), await site.addNode()];
  const sender = site.sender('room1', { servers: () => [after] });
  const senderBefore = site.sender('room1', { servers: () => [before] });
  await sender.send(10);
  const on = (node: ServerProcess, cursor: string) =>
    site.viewer('room1', { server: () => node, after: cursor });
  const { id: last } = await sender.sendOne();
  const [there, here] = [on(before, last), on(after, last)];
  await until(() => there.subscribes + here.subscribes === 2, { what: 'both viewers to subscribe' });
  const silence = () =>
    until(async () => (await site.redis.cli('EXISTS', 'messages:room1')) === '0', {
      what: 'the messages to grow old',
      timeout: 10_000,
    });
  const reaches = async (id: string, viewers: { cursor: string | undefined }[]) =>
    until(() => viewers.every(({ cursor }) => cursor === id), { what: `${id} to reach all` });

  await silence();
  // New viewers have an old cursor. The node of the previous version had opened the room in time.
  const late = [on(before, last), on(after, last)];
  const sent = [await sender.sendOne()];
  await reaches(sent.at(-1)!.id, [there, here, ...late]);
  await silence();
  sent.push(await senderBefore.sendOne());
  await reaches(sent.at(-1)!.id, [there, here, ...late]);
  sent.push(await sender.sendOne());
  await reaches(sent.at(-1)!.id, [there, here, ...late]);

  const viewers = [there, here, ...late];
  for (const viewer of viewers) expect(viewer.received).toEqual(sent.map(({ id }) => id));
  expect(viewers.flatMap(({ refusals }) => [...refusals])).toEqual([]);
});
