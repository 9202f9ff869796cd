import type { Redis } from 'ioredis';
import { compareIds, type EntryId, millisecondsOf } from '#domain/cursor.js';
import { type ChatError, forbidden } from '#domain/errors.js';
import type { Retracted, RetractionRights } from '#domain/ports/event-log.js';
import { channelOf, databaseOf, messagesKey, nonceKey, roomKey } from '#redis/client/keys.js';
import { loadScript } from '#redis/client/script.js';
import { type AppendOptions, entryArgs, NONCE_TTL_MS, waitForReplicas } from './append.js';

/** Retracts messages. See `EventLog.retract`. */
export type Retract = (
  roomId: string,
  ids: readonly EntryId[],
  rights: RetractionRights,
) => Promise<Retracted>;

type Refusal = ['author' | 'age' | 'role', id: EntryId];
type Written = [id: EntryId, authorId: string, nonce: string];
type Reply = ['retracted', retracted: EntryId[], missing: EntryId[], written: Written[]] | Refusal;

/** What clients read if too few replicas have a retraction. */
const NOT_REPLICATED = 'The messages are retracted. Repeat the call to check again.';

/**
 * Creates the retraction of messages, which is one call of `lua/retract-2.lua`. Throws FORBIDDEN; SERVICE_UNAVAILABLE
 * if too few replicas have the retraction in time; and Redis errors unchanged.
 */
export function createRetract(
  writer: Redis,
  { retention, replication, publish = 'PUBLISH' }: Omit<AppendOptions, 'policy'>,
): Retract {
  const run = loadScript(writer, 'room-log/lua/retract-2.lua');
  const database = databaseOf(writer);

  /** The previous version keeps the whole message under its nonce. Replaces it by the id, if it is still there. */
  async function forgetText(roomId: string, written: readonly Written[]): Promise<void> {
    const oldestMs = Date.now() - 2 * NONCE_TTL_MS;
    const recent = written.filter(([id]) => millisecondsOf(id) >= oldestMs);
    await Promise.all(
      recent.map(([id, authorId, nonce]) =>
        writer.set(nonceKey(roomId, authorId, nonce), id, 'KEEPTTL', 'XX'),
      ),
    );
  }

  return async (roomId, ids, rights) => {
    const newestFirst = [...new Set(ids)].sort((a, b) => compareIds(b, a));
    const args = {
      ids: newestFirst,
      ...rights,
      ...entryArgs(retention),
      publish,
      channel: channelOf(roomId, database),
    };
    const reply = (await run([messagesKey(roomId), roomKey(roomId)], [JSON.stringify(args)])) as Reply;
    if (reply[0] !== 'retracted') throw refusalOf(reply, rights);
    const [, retracted, missing, written] = reply;
    await forgetText(roomId, written);
    if (replication) await waitForReplicas(writer, replication, NOT_REPLICATED);
    return { retracted, missing };
  };
}

function refusalOf([why, id]: Refusal, { withinMs = 0 }: RetractionRights): ChatError {
  switch (why) {
    case 'author':
      return forbidden(`The message ${id} is not yours. Nothing was retracted.`);
    case 'age':
      return forbidden(
        `The message ${id} is older than ${withinMs / 60_000} minutes, so only a moderator can retract it. Nothing was retracted.`,
      );
    case 'role':
      return forbidden(`The message ${id} is from another moderator or the platform. Nothing was retracted.`);
  }
}
