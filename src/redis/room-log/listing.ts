import { addActiveRooms } from '#redis/client/active-rooms.js';
import type { RedisHooks } from '#redis/client/hooks.js';
import { Recently } from '#redis/client/recently.js';
import type { Servers } from '#redis/client/servers.js';

/** How often a room that goes on is listed again, in milliseconds, should its entry in the list have been lost. */
const AGAIN_MS = 60_000;

/** Rooms to remember, which takes a few megabytes. Beyond that, rooms are listed more often than needed. */
const MAX_ROOMS = 50_000;

/** Lists the rooms with messages as active. */
export interface Listing {
  /** A message was stored in a room. `begins` if the room may have had none before. Never throws. */
  sent(roomId: string, begins: boolean): void;
  /** It is unknown whether a message was stored in a room, so the next one lists it. */
  unsure(roomId: string): void;
  /** Stops following the servers. Safe to call twice. */
  close(): void;
}

/**
 * Lists a room when it begins, and then once a minute. The script that stores a message cannot do it, because the list
 * is in another slot. It happens after the send, because a refused send must leave nothing behind. The sender does not
 * wait for it, because the message is sent either way. If it fails, the next message tries again.
 *
 * A room is removed from the list only if it has no messages, so its next message begins it.
 */
export function createListing(servers: Servers, hooks: RedisHooks): Listing {
  const listed = new Recently(AGAIN_MS, MAX_ROOMS);
  // The server may have lost the list.
  const stop = servers.onConnected(() => listed.forgetAll());
  let lastReport: string | undefined;

  return {
    sent(roomId, begins) {
      const isDue = listed.note(roomId);
      if (!isDue && !begins) return;
      addActiveRooms(servers, [roomId]).then(
        () => {
          lastReport = undefined;
        },
        (error: unknown) => {
          listed.forget(roomId);
          // Each message tries again. Report a failure once.
          if (String(error) !== lastReport) hooks.onError?.('rooms:active', error);
          lastReport = String(error);
        },
      );
    },
    unsure: (roomId) => listed.forget(roomId),
    close: stop,
  };
}
