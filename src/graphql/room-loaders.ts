import DataLoader from 'dataloader';
import type { Message } from '#domain/message.js';
import type { EventLog } from '#domain/ports/event-log.js';
import type { SlowModes } from '#domain/ports/limiter.js';
import type { RoomDirectory } from '#domain/ports/presence.js';

/** Loads the data of rooms in batches. */
export interface RoomLoaders {
  /** Connections with a live subscription to the room, over all nodes. */
  connectionCount(roomId: string): Promise<number>;
  /** The newest message of the room, or null if it has none. */
  lastMessage(roomId: string): Promise<Message | null>;
  /** Seconds that each user must wait between two messages in the room; 0 if slow mode is off. */
  slowModeSeconds(roomId: string): Promise<number>;
}

/**
 * Creates loaders that combine all requests of one event-loop turn into a single call to the store, with each
 * room listed once. They cache nothing across turns, so all operations can share them.
 */
export function createRoomLoaders({
  eventLog,
  directory,
  slowModes,
}: {
  eventLog: Pick<EventLog, 'lastMessages'>;
  directory: RoomDirectory;
  slowModes: SlowModes;
}): RoomLoaders {
  const counts = batched((roomIds) => directory.connectionCounts(roomIds));
  const lastMessages = batched((roomIds) => eventLog.lastMessages(roomIds));
  const slowModeSeconds = batched((roomIds) => slowModes.of(roomIds));
  return {
    connectionCount: (roomId) => counts.load(roomId),
    lastMessage: (roomId) => lastMessages.load(roomId),
    slowModeSeconds: (roomId) => slowModeSeconds.load(roomId),
  };
}

/** An error in place of a value fails that room only. */
function batched<T>(
  loadMany: (roomIds: readonly string[]) => Promise<readonly (T | Error)[]>,
): DataLoader<string, T> {
  return new DataLoader(
    async (requested) => {
      const roomIds = [...new Set(requested)];
      const values = await loadMany(roomIds);
      const byRoom = new Map(roomIds.map((roomId, index) => [roomId, values[index] as T | Error]));
      return requested.map((roomId) => byRoom.get(roomId) as T | Error);
    },
    { cache: false },
  );
}
