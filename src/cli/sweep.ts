import { scanActiveRooms } from '#redis/client/active-rooms.js';
import { eachOrUnavailable } from '#redis/client/errors.js';
import { connectionsKey } from '#redis/client/keys.js';
import { sweep } from '#redis/presence/sweep.js';
import { type Command, type CommandContext, expectNoArguments, writeJson } from './command.js';

/** Removes the connections of dead servers, and empty rooms. */
export const sweepCommand: Command = {
  usage: 'sweep [--json]',
  summary: 'Removes the connections of dead servers, and empty rooms.',
  run: async (context) => {
    expectNoArguments(context);
    const before = await count(context.servers);
    await sweep(context.servers, () => context.signal.aborted);
    const after = await count(context.servers);
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

async function count(servers: CommandContext['servers']): Promise<{ rooms: number; connections: number }> {
  const seen = new Set<string>();
  let connections = 0;
  for await (const part of scanActiveRooms(servers)) {
    // A scan may return a room twice.
    const rooms = part.filter((room) => !seen.has(room));
    for (const room of rooms) seen.add(room);
    const counts = await eachOrUnavailable(
      'The connections of the room cannot be counted.',
      rooms.map((room) => servers.commands.scard(connectionsKey(room))),
    );
    for (const count of counts) if (typeof count === 'number') connections += count;
  }
  return { rooms: seen.size, connections };
}
