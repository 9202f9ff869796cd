import DataLoader from 'dataloader';
import type { Message } from '#domain/message.js';
import type { ChatRepository } from '#domain/ports/event-log.js';
import type { SlowModes } from '#domain/ports/limiter.js';

/** What is known of a room beside its id, asked for many rooms at once. */
export interface RoomLoaders {
  /** Connections that hold a live subscription to the room, over all nodes. */
  connectionCount(roomId: string): Promise<number>;
  /** The newest message of the room; null where it holds none. */
  lastMessage(roomId: string): Promise<Message | null>;
  /** Seconds that a user waits between two messages in the room; 0 for none. */
  slowModeSeconds(roomId: string): Promise<number>;
}

/**
 * Whatever is asked in one turn of the event loop becomes one call on the repository, with each room in it
 * once. Nothing is kept from one turn to the next, so that one pair of loaders serves all operations.
 */
export function createRoomLoaders(repository: ChatRepository, slowModes: SlowModes): RoomLoaders {
  const counts = batched((roomIds) => repository.connectionCounts(roomIds));
  const lastMessages = batched((roomIds) => repository.lastMessages(roomIds));
  const slowModeSeconds = batched((roomIds) => slowModes.of(roomIds));
  return {
    connectionCount: (roomId) => counts.load(roomId),
    lastMessage: (roomId) => lastMessages.load(roomId),
    slowModeSeconds: (roomId) => slowModeSeconds.load(roomId),
  };
}

function batched<T>(loadMany: (roomIds: readonly string[]) => Promise<readonly T[]>): DataLoader<string, T> {
  return new DataLoader(
    async (asked) => {
      const roomIds = [...new Set(asked)];
      const values = await loadMany(roomIds);
      const byRoom = new Map(roomIds.map((roomId, index) => [roomId, values[index] as T]));
      return asked.map((roomId) => byRoom.get(roomId) as T);
    },
    { cache: false },
  );
}
