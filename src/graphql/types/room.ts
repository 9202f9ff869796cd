import type { Builder } from '#graphql/builder.js';
import { hold } from '#graphql/subscription-start.js';
import { setSlowMode } from '#rooms/modes.js';

/** Rooms answered where a client says no number. */
const DEFAULT_ROOM_COUNT = 100;

/** Rooms, how full they are, and which of them are active. */
export function addRoom(builder: Builder): void {
  const { limits, rules } = builder;
  const defaultCount = Math.min(DEFAULT_ROOM_COUNT, limits.roomCount);

  builder.objectType('Room', {
    description:
      'A place where messages are sent, one for each stream. A room needs no creating: any valid id is a room, empty until its first message.',
    fields: (t) => ({
      id: t.id({
        description: `The room's id: 1 to ${limits.roomIdLength} letters, digits, \`_\`, \`-\` or \`.\`.`,
        resolve: (roomId) => roomId,
      }),
      connectionCount: t.int({
        description:
          'How many connections hold a live subscription to the room now, over all servers. One viewer with two tabs open counts twice.',
        resolve: (roomId, _args, { rooms }) => rooms.connectionCount(roomId),
      }),
      lastMessage: t.field({
        type: 'Message',
        nullable: true,
        description: 'The newest message; null where the room holds none.',
        resolve: (roomId, _args, { rooms }) => rooms.lastMessage(roomId),
      }),
      slowModeSeconds: t.int({
        description:
          'How many seconds each user has to wait between two messages here; 0 where the room is not in slow mode.',
        resolve: (roomId, _args, { rooms }) => rooms.slowModeSeconds(roomId),
      }),
    }),
  });

  builder.queryFields((t) => ({
    room: t.field({
      type: 'Room',
      description: 'One room. Any valid id is a room, so this never fails for one that is empty.',
      args: {
        id: t.arg.id({
          required: true,
          description: `The room's id: 1 to ${limits.roomIdLength} letters, digits, \`_\`, \`-\` or \`.\`; anything else is refused with BAD_USER_INPUT.`,
          validate: rules.roomId,
        }),
      },
      resolve: (_root, { id }) => id,
    }),
    activeRooms: t.field({
      type: ['Room'],
      description:
        'The rooms that hold messages or connections: most connections first, then by id. All callers share one list, which is about a second old at most; with tens of thousands of rooms it can be a few seconds old.',
      args: {
        limit: t.arg.int({
          defaultValue: defaultCount,
          description: `How many rooms to give at most: 0 to ${limits.roomCount}; more, or a negative number, is refused with BAD_USER_INPUT.`,
          validate: rules.roomCount,
        }),
      },
      resolve: (_root, { limit }, { repository }) => repository.activeRooms(limit ?? defaultCount),
    }),
    connectionCount: t.int({
      description:
        'How many connections hold a live subscription to a room now, over all servers; 0 for a room without any.',
      args: {
        roomId: t.arg.id({
          required: true,
          description: `The room's id: 1 to ${limits.roomIdLength} letters, digits, \`_\`, \`-\` or \`.\`; anything else is refused with BAD_USER_INPUT.`,
          validate: rules.roomId,
        }),
      },
      resolve: (_root, { roomId }, { rooms }) => rooms.connectionCount(roomId),
    }),
  }));

  builder.subscriptionField('roomUpdated', (t) =>
    t.field({
      type: 'Room',
      description:
        'A room as it is now, and again whenever what is selected has changed: at most once a second. A client that is slow gets the latest, not all of them. To follow this is not to be counted as a viewer of the room.',
      args: {
        roomId: t.arg.id({
          required: true,
          description: `The room to follow: 1 to ${limits.roomIdLength} letters, digits, \`_\`, \`-\` or \`.\`; anything else is refused with BAD_USER_INPUT.`,
        }),
      },
      subscribe: (_root, { roomId }, { hub }) => {
        hold(rules.roomId, 'roomId', roomId);
        return hub.watch(`room ${roomId}`, () => roomId);
      },
      resolve: (roomId) => roomId,
    }),
  );

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
        await setSlowMode(slowModes, roomId, seconds, viewer);
        return roomId;
      },
    }),
  );
}
