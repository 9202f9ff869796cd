import { clearRoom } from '#redis/admin/inspect.js';
import { type Command, CommandError, roomOf, UsageError, writeJson } from './command.js';

/** Deletes all messages of a room after confirmation. */
export const clear: Command = {
  usage: 'clear <room> [--yes] [--json]',
  summary: 'Deletes all messages of a room. Asks first, unless --yes is given.',
  options: { yes: { type: 'boolean', short: 'y' } },
  run: async (context) => {
    const room = roomOf(context);
    if (!context.options.yes) {
      if (context.ask === undefined) throw new UsageError('Cannot ask without a terminal. Pass --yes.');
      const answer = await context.ask(`Delete all messages of ${room}? This cannot be undone. [y/N] `);
      if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('Nothing was changed.');
    }
    const messages = await clearRoom(context.servers, room);
    if (context.options.json) writeJson(context, { room, messages });
    else context.out(`Deleted ${messages} messages of ${room}.\n`);
  },
};
