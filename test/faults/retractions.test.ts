/** Every client shows exactly what its room has, whatever fails while messages are sent and retracted. */
import { createClient } from 'graphql-ws';
import {
  EMPTY_ROOM,
  followRoom,
  type RoomEvent,
  type RoomState,
  reduceRoom,
  resumingClient,
} from 'streamly-chat-client';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { paramsOf, post } from '#test/support/clients/http.js';
import { RetractMessages } from '#test/support/documents.js';
import { randomFrom } from '#test/support/random.js';
import type { TestServer } from '#test/support/server.js';
import { bearer } from '#test/support/sign-in.js';
import type { Site } from '#test/support/site.js';
import { JWT_ENV, tokenOf } from '#test/support/tokens.js';
import { until } from '#test/support/until.js';
import { HEAVY, startSite } from './fixture.js';

const ROOM = 'room1';
const variables = { ...JWT_ENV, ALLOW_GUESTS: 'true', HEAD_CHECK_MS: 300, HISTORY_LIMIT: 100_000 };

/** A client that follows the room from its beginning and keeps what it would show. */
class Follower {
  state: RoomState = EMPTY_ROOM;
  readonly events: RoomEvent[] = [];
  #socket: WebSocket | undefined;

  constructor(server: () => TestServer) {
    const client = resumingClient(
      createClient({
        url: () => server().wsUrl,
        webSocketImpl: WebSocket,
        retryAttempts: 0,
        keepAlive: 60_000,
        on: {
          connected: (socket) => {
            this.#socket = socket as WebSocket;
          },
        },
      }),
      { retryBaseMs: 20, retryCapMs: 200 },
    );
    onTestFinished(() => client.dispose());
    this.#follow(followRoom(client, { roomId: ROOM, after: '0', events: true })).catch(() => undefined);
  }

  /** Breaks the connection. */
  drop(): void {
    this.#socket?.terminate();
  }

  /** Stops reading, or reads on. */
  stall(isStalled: boolean): void {
    if (isStalled) this.#socket?.pause();
    else this.#socket?.resume();
  }

  async #follow(events: AsyncIterable<RoomEvent>): Promise<void> {
    for await (const event of events) {
      this.events.push(event);
      this.state = reduceRoom(this.state, event, 100_000);
    }
  }
}

/** Sends and retracts messages at random until it is stopped. */
function startTraffic(site: Site, moderator: Record<string, string>) {
  const random = randomFrom(12);
  const senders = [site.sender(ROOM), site.sender(ROOM)];
  for (const sender of senders) sender.start(150);
  let isOver = false;
  let retracted = 0;
  const retracting = (async () => {
    while (!isOver) {
      const messages = await site.stored(ROOM);
      const ids = messages.filter(() => random() < 3 / messages.length).map(({ id }) => id);
      if (ids.length === 0) continue;
      const answer = await post(
        site.node(),
        paramsOf(RetractMessages, { roomId: ROOM, ids }),
        moderator,
      ).catch(() => undefined);
      if (answer?.body.data != null) retracted += ids.length;
    }
  })();
  return {
    get retracted() {
      return retracted;
    },
    stop: async () => {
      isOver = true;
      await retracting;
      for (const sender of senders) await sender.stop();
    },
  };
}

test.each<[string, (site: Site, followers: Follower[]) => Promise<unknown>]>([
  [
    'pub/sub is killed repeatedly',
    (site) =>
      until(async () => Number(await site.redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub')) > 0, {
        what: 'a kill',
      }),
  ],
  ['connections drop', async (_, followers) => void followers.map((follower) => follower.drop())],
  [
    'some viewers stop reading for a while',
    async (_, followers) => followers.forEach((follower, index) => void follower.stall(index % 2 === 0)),
  ],
])('while %s, every client shows exactly what the room has', HEAVY, async (what, fail) => {
  const site = await startSite({ nodes: 2, variables });
  let turn = 0;
  const followers = Array.from({ length: 6 }, () => new Follower(() => site.node(turn++)));
  const moderator = bearer(await tokenOf({ sub: 'mod', roles: ['moderator'] }));
  const traffic = startTraffic(site, moderator);
  for (let round = 1; round <= 8; round += 1) {
    await until(() => traffic.retracted >= 15 * round, { what: 'more retractions', timeout: 20_000 });
    await fail(site, followers);
  }
  await traffic.stop();
  for (const follower of followers) follower.stall(false);

  const last = await site.sender(ROOM).sendOne();
  const isLast = ({ events }: Follower) =>
    (events.at(-1) as { cursor?: string } | undefined)?.cursor === last.id;
  await until(() => followers.every(isLast), {
    what: 'the last message to reach every client',
    timeout: 30_000,
  });
  const left = (await site.stored(ROOM)).map(({ id }) => id);
  const list = (await site.redis.cli('LRANGE', `messages:${ROOM}`, '0', '-1')).split('\n').reverse();
  const retractions = list.map((text) => JSON.parse(text)).filter(({ kind }) => kind === 'retracted');
  for (const { state, events } of followers) {
    expect(state.messages.map(({ id }) => id)).toEqual(left);
    const received = events.filter(({ __typename }) => __typename === 'MessagesRetracted');
    expect(received.map((event) => (event as { cursor: string }).cursor)).toEqual(
      retractions.map(({ id }) => id),
    );
    const cursors = events.map((event) => (event as { cursor: string }).cursor);
    expect(new Set(cursors).size).toBe(cursors.length);
  }
  console.log(
    `${what}: ${list.length} entries, ${retractions.length} retractions, ${left.length} messages left`,
  );
});
