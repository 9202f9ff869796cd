import { connectionsKey, ROOMS_ACTIVE } from '#redis/client/keys.js';
import { sweep } from '#redis/presence/sweep.js';
import { type Command, type CommandContext, expectNoArguments, writeJson } from './command.js';

/** Removes the connections of dead servers, and rooms that hold nothing. */
export const sweepCommand: Command = {
  usage: 'sweep [--json]',
  summary: 'Removes the connections of dead servers, and empty rooms.',
  run: async (context) => {
    expectNoArguments(context);
    const before = await count(context.commands);
    await sweep(context.commands, () => context.signal.aborted);
    const after = await count(context.commands);
    // Connections that opened meanwhile can make the difference negative.
    const removed = {
      connections: Math.max(0, before.connections - after.connections),
      rooms: Math.max(0, before.rooms - after.rooms),
    };
    if (context.options.json) writeJson(context, { removed, left: after });
    else {
      context.out(`Removed ${removed.connections} connections and ${removed.rooms} rooms; `);
      context.out(`${after.connections} connections in ${after.rooms} rooms remain.\n`);
    }
  },
};

async function count(commands: CommandContext['commands']): Promise<{ rooms: number; connections: number }> {
  const rooms = await commands.smembers(ROOMS_ACTIVE);
  const counts = await Promise.all(rooms.map((room) => commands.scard(connectionsKey(room))));
  return { rooms: rooms.length, connections: counts.reduce((sum, each) => sum + each, 0) };
}
