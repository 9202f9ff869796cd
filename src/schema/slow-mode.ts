import { forbidden } from '../chat/errors.js';
import { hasRole } from '../chat/viewer.js';
import type { Builder } from './builder.js';

/** Slowing a room down. */
export function addSlowMode(builder: Builder): void {
  const { limits, rules } = builder;

  builder.mutationField('setSlowMode', (t) =>
    t.field({
      type: 'Room',
      description:
        'Sets how long each user has to wait between two messages in a room. For moderators and the platform, whom it does not hold back; FORBIDDEN to others. A room that nothing is said in forgets it as it forgets its messages.',
      args: {
        roomId: t.arg.id({
          required: true,
          description: `The room to slow down: 1 to ${limits.roomIdLength} letters, digits, \`_\`, \`-\` or \`.\`; anything else is refused with BAD_USER_INPUT.`,
          validate: rules.roomId,
        }),
        seconds: t.arg.int({
          required: true,
          description: `The seconds between two messages: 0 to ${limits.slowModeSeconds}, where 0 ends the slow mode; anything else is refused with BAD_USER_INPUT.`,
          validate: rules.slowModeSeconds,
        }),
      },
      resolve: async (_root, { roomId, seconds }, { viewer, slowModes }) => {
        if (!hasRole(viewer, 'moderator', 'service')) throw forbidden('Only moderators set the slow mode.');
        await slowModes.set(roomId, seconds);
        return roomId;
      },
    }),
  );
}
