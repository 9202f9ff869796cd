import { configFromEnv } from '#config/config.js';
import { isEntryId } from '#domain/cursor.js';
import { MAX_RETRACTED_IDS } from '#domain/limits.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import { type Command, type CommandContext, CommandError, roomOf, UsageError, writeJson } from './command.js';

/** Removes messages for everyone. */
export const retract: Command = {
  usage: 'retract <room> <id>... [--json]',
  summary: `Removes messages by their ids, at most ${MAX_RETRACTED_IDS} at once. Viewers stop showing them. \`inspect\` shows the newest ids.`,
  run: async (context) => {
    const [, ...ids] = context.args;
    const room = roomOf({ ...context, args: context.args.slice(0, 1) });
    if (ids.length === 0 || ids.length > MAX_RETRACTED_IDS) {
      throw new UsageError(`Expected 1 to ${MAX_RETRACTED_IDS} ids of messages.`);
    }
    const invalid = ids.find((id) => !isEntryId(id));
    if (invalid !== undefined) throw new UsageError(`"${invalid}" is not the id of a message.`);
    const { retracted, missing } = await retractFrom(context, room, ids);
    if (context.options.json) return writeJson(context, { room, retracted, missing });
    context.out(`Retracted ${retracted.length} messages of ${room}.\n`);
    if (missing.length > 0) throw new CommandError(`Not in ${room}: ${missing.join(', ')}`);
  },
};

/** A retraction is an entry, so it trims the room with the settings of the server. */
async function retractFrom({ servers, env }: CommandContext, room: string, ids: readonly string[]) {
  const { historyLimit, messageTtlSeconds: ttlSeconds } = configFromEnv(env);
  const log = createEventLog({ servers, historyLimit, ttlSeconds });
  try {
    return await log.retract(room, ids, {});
  } finally {
    await log.close();
  }
}
