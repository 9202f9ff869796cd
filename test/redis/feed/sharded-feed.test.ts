import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { FeedListener } from '#domain/ports/feed.js';
import { messagesKey } from '#redis/client/keys.js';
import type { Servers } from '#redis/client/servers.js';
import { createFeed, type RedisFeed } from '#redis/feed/feed.js';
import { decodeEntry } from '#redis/room-log/codec.js';
import { connect, publish } from '#test/redis/client/shards/fixture.js';
import { stored } from '#test/redis/fixture.js';
import { Cluster } from '#test/support/cluster.js';
import { slotOf } from '#test/support/key-slot.js';
import { until } from '#test/support/until.js';

let cluster: Cluster;
let servers: Servers;
let feed: RedisFeed;
const reported: string[] = [];

beforeAll(async () => {
  cluster = await Cluster.start();
  servers = await connect(cluster, { commandTimeoutMs: 1_000 });
}, 60_000);
afterAll(async () => {
  await servers?.close();
  await cluster?.close();
});
beforeEach(() => {
  reported.length = 0;
  const hooks = { onError: (where: string, error: unknown) => void reported.push(`${where} ${error}`) };
  feed = createFeed({ channels: servers.channels, decode: decodeEntry, hooks });
});
afterEach(() => feed.close());

function listen(roomId: string) {
  const heard = { ids: [] as string[], resumed: 0, failed: [] as Error[] };
  const listener: FeedListener = {
    onEntry: ({ id }) => void heard.ids.push(id),
    onResumed: () => {
      heard.resumed += 1;
    },
    onFailed: (error) => void heard.failed.push(error),
  };
  return { roomId, heard, listener };
}

const say = (roomId: string, id: string) =>
  publish(servers, messagesKey(roomId), stored(id, '0', { roomId }));

test('rooms of all shards are live, and none is subscribed after the last listener has left', async () => {
  const shards = await cluster.shards();
  const rooms = shards.flatMap((shard) => cluster.roomsOn(shard, 3, 'live')).map(listen);
  const opened = await Promise.all(rooms.map(({ roomId, listener }) => feed.open(roomId, listener)));
  for (const { roomId } of rooms) await say(roomId, '1-0');
  await until(() => rooms.every(({ heard }) => heard.ids.length === 1), { what: 'all messages' });
  await Promise.all(opened.map((each) => each.close()));
  for (const { roomId } of rooms) expect(await say(roomId, '2-0')).toBe(0);
  expect(feed.openRooms).toBe(0);
});

test('a room whose slot moves is resumed, so that its log catches up', async () => {
  const [from, to] = await cluster.shards();
  const rooms = cluster.roomsOn(from!, 10, 'moves').map(listen);
  const stays = listen(cluster.roomsOn(to!, 1, 'stays')[0]!);
  for (const { roomId, listener } of [...rooms, stays]) await feed.open(roomId, listener);
  const slots = rooms.map(({ roomId }) => slotOf(messagesKey(roomId)));
  await cluster.moveSlots({ from: from!.primary, to: to!.primary, slots });
  await until(() => rooms.every(({ heard }) => heard.resumed > 0), { what: 'all rooms to be resumed' });
  for (const { roomId } of [...rooms, stays]) await say(roomId, '1-0');
  await until(() => [...rooms, stays].every(({ heard }) => heard.ids.length === 1), { what: 'all messages' });
  expect(stays.heard.resumed).toBe(0);
  expect([...rooms, stays].flatMap(({ heard }) => heard.failed)).toEqual([]);
  expect(reported).toEqual([]);
});

test('a room whose shard is away is not failed, but resumed when a replica has taken over', async () => {
  const [shard, other] = await cluster.shards();
  const [away, stays] = [shard!, other!].map((each) => listen(cluster.roomsOn(each, 1, 'away')[0]!));
  for (const { roomId, listener } of [away!, stays!]) await feed.open(roomId, listener);
  await shard!.primary.kill();
  await until(() => !servers.channels.isConnected(messagesKey(away!.roomId)), { what: 'the loss' });
  const newcomer = listen(away!.roomId);
  await expect(feed.open(newcomer.roomId, newcomer.listener)).rejects.toMatchObject({
    code: 'SERVICE_UNAVAILABLE',
  });
  await until(() => away!.heard.resumed > 0, { what: 'the room to be resumed', timeout: 20_000 });
  await feed.open(newcomer.roomId, newcomer.listener);
  for (const { roomId } of [away!, stays!]) await say(roomId, '1-0');
  await until(() => [away!, stays!, newcomer].every(({ heard }) => heard.ids.length === 1), {
    what: 'all messages',
  });
  expect(stays!.heard).toMatchObject({ resumed: 0, failed: [] });
  expect(away!.heard.failed).toEqual([]);
  await shard!.primary.restart();
}, 60_000);
