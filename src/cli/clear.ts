import { clearRoom } from '#redis/admin/inspect.js';
import { type Command, CommandError, roomOf, UsageError, writeJson } from './command.js';

/** Forgets all messages of a room, after it has asked. */
export const clear: Command = {
  usage: 'clear <room> [--yes] [--json]',
  summary: 'Forgets all messages of a room. It asks first; --yes answers.',
  options: { yes: { type: 'boolean', short: 'y' } },
  run: async (context) => {
    const room = roomOf(context);
    if (!context.options.yes) {
      if (context.ask === undefined) throw new UsageError('There is nobody to ask: say --yes.');
      const answer = await context.ask(`Forget all messages of ${room}? They cannot be brought back. [y/N] `);
      if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('Nothing was changed.');
    }
    const messages = await clearRoom(context.commands, room);
    if (context.options.json) writeJson(context, { room, messages });
    else context.out(`Forgot ${messages} messages of ${room}.\n`);
  },
};
