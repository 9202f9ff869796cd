import { setTimeout as sleep } from 'node:timers/promises';
import { listRooms, type RoomSummary } from '#redis/admin/inspect.js';
import { decodeEntry } from '#redis/room-log/codec.js';
import { type Command, type CommandContext, expectNoArguments, UsageError, writeJson } from './command.js';
import { formatDuration, table } from './table.js';

const CLEAR_SCREEN = '\u001b[H\u001b[2J';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const REFRESH_MS = 1_000;

const DEFAULT_LIMIT = 40;

/** Lists the active rooms, those with most connections first. On a terminal, keeps the list up to date. */
export const rooms: Command = {
  usage: 'rooms [--once] [--limit <n>] [--json]',
  summary: 'Lists the active rooms, live: connections, messages, age of the newest message.',
  options: { once: { type: 'boolean' }, limit: { type: 'string' } },
  run: async (context) => {
    expectNoArguments(context);
    const limit = limitOf(context);
    if (context.options.json)
      return writeJson(context, await listRooms(context.servers, { limit, decode: decodeEntry }));
    if (context.options.once || context.width === undefined) {
      return context.out(format(await listRooms(context.servers, { limit, decode: decodeEntry })));
    }
    await watch(context, limit);
  },
};

async function watch({ servers, out, signal }: CommandContext, limit: number): Promise<void> {
  out(HIDE_CURSOR);
  try {
    while (!signal.aborted) {
      out(
        `${CLEAR_SCREEN}${format(await listRooms(servers, { limit, decode: decodeEntry }))}\nPress Ctrl-C to quit.\n`,
      );
      await sleep(REFRESH_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    out(SHOW_CURSOR);
  }
}

function limitOf({ options }: CommandContext): number {
  const limit = Number(options.limit ?? DEFAULT_LIMIT);
  if (!Number.isInteger(limit) || limit < 1) {
    throw new UsageError(`--limit must be a positive integer, got "${options.limit}".`);
  }
  return limit;
}

function format({ rooms: listed, total }: { rooms: RoomSummary[]; total: number }): string {
  if (total === 0) return 'No active rooms.\n';
  const rows = listed.map(({ id, connections, messages, lastMessageAgeMs }) => [
    id,
    connections,
    messages,
    lastMessageAgeMs === null ? '-' : `${formatDuration(lastMessageAgeMs)} ago`,
  ]);
  const more = total > listed.length ? `and ${total - listed.length} more\n` : '';
  return table(['ROOM', 'CONNECTIONS', 'MESSAGES', 'NEWEST'], rows) + more;
}
