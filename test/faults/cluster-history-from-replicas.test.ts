import { expect, onTestFinished, test } from 'vitest';
import { post } from '#test/support/clients/http.js';
import { cutLink } from '#test/support/replica-link.js';
import type { TestServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { allDelivered, startClusterSite } from './cluster-fixture.js';
import { HEAVY, report } from './fixture.js';

const PAGE = `query ($roomId: ID!, $before: String) {
  messages(roomId: $roomId, last: 50, before: $before) { edges { cursor } pageInfo { hasPreviousPage } }
}`;

interface Page {
  messages: { edges: { cursor: string }[]; pageInfo: { hasPreviousPage: boolean } };
}

/** What a reader saw who went back to the beginning of a room, and the newest message that it had received before. */
interface Reading {
  roomId: string;
  received: string | undefined;
  ids: string[];
}

/** All messages of a room, oldest first, page by page from the newest. Throws if a page is refused for good. */
async function scrollBack(server: TestServer, roomId: string): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const { body } = await post(server, { query: PAGE, variables: { roomId, before: ids[0] } });
    if (body.errors?.[0]?.extensions?.code === 'SERVICE_UNAVAILABLE') continue;
    if (body.errors !== undefined) throw new Error(JSON.stringify(body.errors));
    const { edges, pageInfo } = (body.data as unknown as Page).messages;
    ids.unshift(...edges.map(({ cursor }) => cursor));
    if (!pageInfo.hasPreviousPage) return ids;
  }
}

/** How many pages the nodes have read from replicas, and how many not, by the reason. */
async function pagesOf(nodes: readonly TestServer[]): Promise<Record<string, number>> {
  const pages: Record<string, number> = {};
  for (const { origin } of nodes) {
    const text = await (await fetch(`${origin}/metrics`)).text();
    for (const [, reason, count] of text.matchAll(
      /^streamly_history_pages_total\{.*reason="(\w*)"\} (\d+)$/gm,
    )) {
      pages[reason || 'replica'] = (pages[reason || 'replica'] ?? 0) + Number(count);
    }
  }
  return pages;
}

test(
  'with HISTORY_READS=replicas, readers see every message while replicas are behind, hang, and are back',
  HEAVY,
  async () => {
    const { cluster, site, load, shards, rooms } = await startClusterSite({
      nodes: 2,
      variables: { HISTORY_READS: 'replicas' },
      roomsPerShard: 1,
      load: { perSecond: 10, viewers: 2 },
    });
    const readings: Reading[] = [];
    let isReading = true;
    const read = async (viewer: (typeof load.viewers)[number], server: TestServer) => {
      while (isReading) {
        const { roomId, cursor: received } = viewer;
        readings.push({ roomId, received, ids: await scrollBack(server, roomId) });
      }
    };
    load.start();
    await load.untilAccepted(10);
    // The viewers of room n are on the nodes n and n + 1, as in RoomLoad.
    const reading = Promise.all(
      load.viewers.map((viewer, index) => read(viewer, site.node(Math.floor(index / 2) + (index % 2)))),
    );
    // It is awaited below.
    reading.catch(() => undefined);
    onTestFinished(() => {
      isReading = false;
    });
    const more = async (from: string) => {
      const before = (await pagesOf(site.nodes))[from]!;
      const isMore = async () => (await pagesOf(site.nodes))[from]! > before + 10;
      // A page that is refused ends the test.
      await Promise.race([
        reading,
        until(isMore, { what: `more pages: ${from}`, timeout: 40_000, interval: 100 }),
      ]);
    };

    await more('replica');
    const restores = [];
    for (const { primary, replicas } of shards) restores.push(await cutLink(replicas[0]!, primary));
    await load.untilAccepted(20);
    await more('behind');
    const [hanging] = shards[0]!.replicas;
    hanging!.hang();
    await load.untilAccepted(20);
    hanging!.resume();
    for (const restore of restores) await restore();
    await cluster.untilHealthy();
    await more('replica');
    isReading = false;
    await reading;
    await load.stop();
    const counts = await load.count();

    const wrong = { missing: 0, 'not in the room': 0, 'older than what was received': 0 };
    for (const roomId of rooms.flat()) {
      const stored = (await site.stored(roomId)).map(({ id }) => id);
      for (const { received, ids } of readings.filter((each) => each.roomId === roomId)) {
        const expected = stored.slice(0, stored.indexOf(ids.at(-1)!) + 1);
        wrong.missing += expected.filter((id) => !ids.includes(id)).length;
        wrong['not in the room'] += ids.filter((id) => !expected.includes(id)).length;
        if (received !== undefined && !ids.includes(received)) wrong['older than what was received'] += 1;
      }
    }
    report('history from replicas', counts, { readings: readings.length, ...(await pagesOf(site.nodes)) });
    expect(wrong).toEqual({ missing: 0, 'not in the room': 0, 'older than what was received': 0 });
    expect(counts).toEqual(allDelivered(counts, 2));
    expect(load.refusals().CURSOR_EXPIRED).toBeUndefined();
  },
);
