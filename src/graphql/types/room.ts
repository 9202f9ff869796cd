import { forbidden } from '#domain/errors.js';
import { describeRoomId } from '#domain/limits.js';
import type { Builder } from '#graphql/builder.js';
import { reading } from '#graphql/reads.js';
import { validateArgument } from '#graphql/validation.js';

/** Rooms that `activeRooms` returns if the client gives no limit. */
const DEFAULT_ROOM_COUNT = 100;

/** Adds rooms: reading them, following their changes, and setting slow mode. */
export function addRoom(builder: Builder): void {
  const { limits, rules, describeRoomIdArg } = builder;
  const defaultCount = Math.min(DEFAULT_ROOM_COUNT, limits.roomCount);

  builder.objectType('Room', {
    description:
      'A chat room, such as that of a stream. Rooms exist implicitly: any valid id names a room, which is empty until its first message.',
    fields: (t) => ({
      id: t.id({
        description: `The id of the room: ${describeRoomId(limits.roomIdLength)}.`,
        resolve: (roomId) => roomId,
      }),
      connectionCount: t.int({
        description:
          'Connections with a live subscription to the messages of the room, over all servers. A person with two open tabs counts twice.',
        resolve: (roomId, _args, { rooms }) => rooms.connectionCount(roomId),
      }),
      lastMessage: t.field({
        type: 'Message',
        nullable: true,
        description: 'The newest message; null if the room has none.',
        resolve: async (roomId, _args, context) => {
          const message = await context.rooms.lastMessage(roomId);
          if (message !== null) reading(context, [message]);
          return message;
        },
      }),
      slowModeSeconds: t.int({
        description:
          'Slow mode: seconds that each user must wait between two messages; 0 if slow mode is off.',
        resolve: (roomId, _args, { rooms }) => rooms.slowModeSeconds(roomId),
      }),
    }),
  });

  builder.queryFields((t) => ({
    room: t.field({
      type: 'Room',
      description: 'A room by its id. Any valid id names a room, so an empty room is not an error.',
      args: {
        id: t.arg.id({
          required: true,
          description: describeRoomIdArg('The id of the room'),
          validate: rules.roomId,
        }),
      },
      resolve: (_root, { id }) => id,
    }),
    activeRooms: t.field({
      type: ['Room'],
      description:
        'Rooms with messages or connections, those with the most connections first, then by id. All callers share one list, which is at most about a second old, or a few seconds with tens of thousands of rooms.',
      args: {
        limit: t.arg.int({
          defaultValue: defaultCount,
          description: `Return at most this many rooms: 0 to ${limits.roomCount}. Other values are refused with BAD_USER_INPUT.`,
          validate: rules.roomCount,
        }),
      },
      resolve: (_root, { limit }, { directory }) => directory.activeRooms(limit ?? defaultCount),
    }),
    connectionCount: t.int({
      description: 'Connections with a live subscription to the messages of a room, over all servers.',
      args: {
        roomId: t.arg.id({
          required: true,
          description: describeRoomIdArg('The id of the room'),
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
        'The room as it is now, and again whenever the selected fields change, at most once per second. Slow clients skip intermediate values and receive the latest one. Does not count towards `connectionCount`.',
      args: {
        roomId: t.arg.id({ required: true, description: describeRoomIdArg('The room to follow') }),
      },
      subscribe: (_root, { roomId }, { hub }) => {
        validateArgument(rules.roomId, 'roomId', roomId);
        return hub.watchRoom(roomId, () => roomId);
      },
      resolve: (roomId) => roomId,
    }),
  );

  builder.mutationField('setSlowMode', (t) =>
    t.field({
      type: 'Room',
      description:
        'Sets how long each user must wait between two messages in a room. Only moderators and the platform may call this, and they are exempt from slow mode; others get FORBIDDEN. The setting expires with the messages of the room.',
      args: {
        roomId: t.arg.id({
          required: true,
          description: describeRoomIdArg('The room'),
          validate: rules.roomId,
        }),
        seconds: t.arg.int({
          required: true,
          description: `Seconds between two messages: 0 to ${limits.slowModeSeconds}; 0 turns slow mode off. Other values are refused with BAD_USER_INPUT.`,
          validate: rules.slowModeSeconds,
        }),
      },
      authScopes: { moderator: true, service: true },
      unauthorizedError: () => forbidden('Only moderators can set slow mode.'),
      resolve: async (_root, { roomId, seconds }, { slowModes }) => {
        await slowModes.set(roomId, seconds);
        return roomId;
      },
    }),
  );
}
