import { setTimeout as sleep } from 'node:timers/promises';
import { listRooms, type RoomSummary } from '#redis/admin/inspect.js';
import { decodeMessage } from '#redis/room-log/codec.js';
import { type Command, type CommandContext, UsageError, writeJson } from './command.js';
import { span, table } from './table.js';

const CLEAR_SCREEN = '\u001b[H\u001b[2J';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const LOOK_AGAIN_MS = 1_000;

/** Rooms in a table that is looked at, where nothing else is said. */
const MOST = 40;

/** The rooms, most viewers first: once, or again and again while somebody looks. */
export const rooms: Command = {
  usage: 'rooms [--once] [--limit <n>] [--json]',
  summary: 'The active rooms, live: viewers, messages, the newest message.',
  options: { once: { type: 'boolean' }, limit: { type: 'string' } },
  run: async (context) => {
    if (context.args.length > 0) throw new UsageError('This command takes no room.');
    const limit = limitOf(context);
    if (context.options.json)
      return writeJson(context, await listRooms(context.commands, { limit, decode: decodeMessage }));
    if (context.options.once || context.width === undefined) {
      return context.out(show(await listRooms(context.commands, { limit, decode: decodeMessage })));
    }
    await watch(context, limit);
  },
};

async function watch({ commands, out, signal }: CommandContext, limit: number): Promise<void> {
  out(HIDE_CURSOR);
  try {
    while (!signal.aborted) {
      out(
        `${CLEAR_SCREEN}${show(await listRooms(commands, { limit, decode: decodeMessage }))}\nCtrl-C ends this.\n`,
      );
      await sleep(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    out(SHOW_CURSOR);
  }
}

function limitOf({ options }: CommandContext): number {
  const limit = Number(options.limit ?? MOST);
  if (!Number.isInteger(limit) || limit < 1) throw new UsageError('--limit takes a whole number from 1 up.');
  return limit;
}

function show({ rooms: found, total }: { rooms: RoomSummary[]; total: number }): string {
  if (total === 0) return 'No room is active.\n';
  const rows = found.map(({ id, connections, messages, lastMessageAgeMs }) => [
    id,
    connections,
    messages,
    lastMessageAgeMs === null ? '-' : `${span(lastMessageAgeMs)} ago`,
  ]);
  const more = total > found.length ? `and ${total - found.length} more\n` : '';
  return table(['ROOM', 'CONNECTIONS', 'MESSAGES', 'NEWEST'], rows) + more;
}
