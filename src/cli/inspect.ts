import { millisecondsOf } from '#domain/message.js';
import { type RoomSurvey, surveyRoom } from '#redis/admin/inspect.js';
import { decodeMessage } from '#redis/room-log/codec.js';
import { type Command, CommandError, roomOf, UsageError, writeJson } from './command.js';
import { harmless, span, table } from './table.js';

const LATEST = 5;
const LONGEST_LINE = 60;

/** One room: what it holds, who is in it by server, its newest messages. */
export const inspect: Command = {
  usage: 'inspect <room> [--messages <n>] [--json]',
  summary: 'One room: what it holds, who is in it, its newest messages.',
  options: { messages: { type: 'string' } },
  run: async (context) => {
    const room = roomOf(context);
    const latest = Number(context.options.messages ?? LATEST);
    if (!Number.isInteger(latest) || latest < 0) throw new UsageError('--messages takes a whole number.');
    const survey = await surveyRoom(context.commands, room, { latest, decode: decodeMessage });
    if (survey === undefined) throw new CommandError(`Room ${room} holds neither messages nor connections.`);
    if (context.options.json) writeJson(context, survey);
    else context.out(show(survey));
  },
};

function show(survey: RoomSurvey): string {
  const { id, messages, oldest, newest, expiresInMs, slowModeSeconds, connections, nodes, latest } = survey;
  const facts = [
    ['room', id],
    ['messages', messages === 0 ? '0' : `${messages}, from ${timeOf(oldest)} to ${timeOf(newest)}`],
    ['expire in', expiresInMs === null ? '-' : span(expiresInMs)],
    ['slow mode', slowModeSeconds === 0 ? 'off' : `${slowModeSeconds} seconds`],
    ['connections', String(connections)],
  ];
  const parts = [facts.map(([name, value]) => `${name!.padEnd(12)} ${value}\n`).join('')];
  if (nodes.length > 0) {
    const rows = nodes.map((node) => [
      harmless(node.id, 64),
      node.connections,
      node.alive ? 'alive' : 'dead',
    ]);
    parts.push(table(['SERVER', 'CONNECTIONS', 'STATE'], rows));
  }
  if (latest.length > 0) {
    const rows = latest.map(({ id: messageId, author, content }) => [
      messageId,
      harmless(author.name, 20),
      harmless(content, LONGEST_LINE),
    ]);
    parts.push(table(['MESSAGE', 'AUTHOR', 'CONTENT'], rows));
  }
  return parts.join('\n');
}

function timeOf(id: string | null): string {
  return id === null ? 'unknown' : new Date(millisecondsOf(id)).toISOString();
}
