import { millisecondsOf } from '#domain/cursor.js';
import { inspectRoom, type RoomDetails } from '#redis/admin/inspect.js';
import { decodeEntry } from '#redis/room-log/codec.js';
import { type Command, CommandError, roomOf, UsageError, writeJson } from './command.js';
import { formatDuration, printable, table } from './table.js';

const DEFAULT_MESSAGES = 5;
const MAX_CONTENT_WIDTH = 60;

/** Shows the details of one room, its connections by server, and its newest messages. */
export const inspect: Command = {
  usage: 'inspect <room> [--messages <n>] [--json]',
  summary: 'Shows a room, its connections by server, and its newest messages.',
  options: { messages: { type: 'string' } },
  run: async (context) => {
    const room = roomOf(context);
    const latest = Number(context.options.messages ?? DEFAULT_MESSAGES);
    if (!Number.isInteger(latest) || latest < 0) {
      throw new UsageError(`--messages must be 0 or a positive integer, got "${context.options.messages}".`);
    }
    const details = await inspectRoom(context.servers, room, { latest, decode: decodeEntry });
    if (details === undefined) throw new CommandError(`Room ${room} has no messages and no connections.`);
    if (context.options.json) writeJson(context, details);
    else context.out(format(details));
  },
};

function format(details: RoomDetails): string {
  const { id, messages, oldest, newest, expiresInMs, slowModeSeconds, connections, nodes, latest } = details;
  const facts = [
    ['room', id],
    ['messages', messages === 0 ? '0' : `${messages}, from ${timeOf(oldest)} to ${timeOf(newest)}`],
    ['expire in', expiresInMs === null ? '-' : formatDuration(expiresInMs)],
    ['slow mode', slowModeSeconds === 0 ? 'off' : `${slowModeSeconds} seconds`],
    ['connections', String(connections)],
  ];
  const parts = [facts.map(([name, value]) => `${name!.padEnd(12)} ${value}\n`).join('')];
  if (nodes.length > 0) {
    const rows = nodes.map((node) => [
      printable(node.id, 64),
      node.connections,
      node.alive ? 'alive' : 'dead',
    ]);
    parts.push(table(['SERVER', 'CONNECTIONS', 'STATE'], rows));
  }
  if (latest.length > 0) {
    const rows = latest.map(({ id: messageId, author, content }) => [
      messageId,
      printable(author.name, 20),
      printable(content, MAX_CONTENT_WIDTH),
    ]);
    parts.push(table(['MESSAGE', 'AUTHOR', 'CONTENT'], rows));
  }
  return parts.join('\n');
}

function timeOf(id: string | null): string {
  return id === null ? 'unknown' : new Date(millisecondsOf(id)).toISOString();
}
