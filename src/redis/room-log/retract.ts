import { compareIds, type EntryId, millisecondsOf } from '#domain/cursor.js';
import { type ChatError, forbidden } from '#domain/errors.js';
import type { Retracted, RetractionRights } from '#domain/ports/event-log.js';
import type { Writer } from '#redis/client/commands.js';
import { channelOf, messagesKey, nonceKey, roomKey } from '#redis/client/keys.js';
import { readScript } from '#redis/client/script.js';
import type { Servers } from '#redis/client/servers.js';
import { type AppendOptions, entryArgs, NONCE_TTL_MS, waitForReplicas } from './append.js';
import { idOf } from './codec.js';

/** The outcome of a retraction, and the entry that records it. */
export interface StoredRetraction extends Retracted {
  /** The id of the entry. Undefined if nothing was left to retract. */
  entry: EntryId | undefined;
}

/** Retracts messages. See `EventLog.retract`. */
export type Retract = (
  roomId: string,
  ids: readonly EntryId[],
  rights: RetractionRights,
) => Promise<StoredRetraction>;

type Refusal = ['author' | 'age' | 'role', id: EntryId];
type Written = [id: EntryId, authorId: string, nonce: string];
type Reply =
  | ['retracted', retracted: EntryId[], missing: EntryId[], written: Written[], entry: EntryId | '']
  | Refusal;

/** What clients read if too few replicas have a retraction. */
const NOT_REPLICATED = 'The messages are retracted. Repeat the call to check again.';

/**
 * Creates the retraction of messages, which is one call of `lua/retract-2.lua` on the shard of the room. Throws
 * FORBIDDEN; SERVICE_UNAVAILABLE if too few replicas have the retraction in time; and Redis errors unchanged.
 */
export function createRetract(
  servers: Servers,
  { retention, replication }: Pick<AppendOptions, 'retention' | 'replication'>,
): Retract {
  const run = readScript('room-log/lua/retract-2.lua');

  return async (roomId, ids, rights) => {
    const keys = [messagesKey(roomId), roomKey(roomId)] as const;
    const args = JSON.stringify({
      ids: [...new Set(ids)].sort((a, b) => compareIds(b, a)),
      ...rights,
      ...entryArgs(retention),
      replicated: replication !== undefined,
      publish: servers.channels.publishCommand,
      channel: channelOf(roomId, servers.database),
    });
    return servers.write(keys[0], async (writer) => {
      const reply = (await run(writer, keys, [args])) as Reply;
      if (reply[0] !== 'retracted') throw refusalOf(reply, rights);
      const [, retracted, missing, written, entry] = reply;
      await forgetText(writer, roomId, written);
      if (replication) await waitForReplicas(writer, replication, NOT_REPLICATED);
      return { retracted, missing, entry: entry || undefined };
    });
  };
}

/**
 * The previous version keeps the whole message under its nonce. Replaces it by the id. Leaves a nonce alone that has made
 * another message since it expired.
 */
async function forgetText(writer: Writer, roomId: string, written: readonly Written[]): Promise<void> {
  const oldestMs = Date.now() - 2 * NONCE_TTL_MS;
  const recent = written.filter(([id]) => millisecondsOf(id) >= oldestMs);
  const forget = async ([id, authorId, nonce]: Written): Promise<void> => {
    const key = nonceKey(roomId, authorId, nonce);
    const made = await writer.get(key);
    if (made !== null && idOf(made) === id) await writer.set(key, id, 'KEEPTTL', 'XX');
  };
  await Promise.all(recent.map(forget));
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
