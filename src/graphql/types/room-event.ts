import { isMessage, type Retraction, type RoomEvent, storedAt } from '#domain/entry.js';
import type { Message } from '#domain/message.js';
import type { Builder } from '#graphql/builder.js';
import { joinRoom } from '#graphql/join-room.js';

/** Adds the events of a room, and following them. */
export function addRoomEvent(builder: Builder): void {
  const { limits, rules, describeRoomIdArg } = builder;

  const RoomEventType = builder.interfaceRef<RoomEvent>('RoomEvent').implement({
    description:
      'Something that happened in a room. Later versions add types: ignore those that you do not know.',
    fields: (t) => ({
      cursor: t.id({
        description:
          'The position of the event in its room. Pass it to `roomEvents(after:)` to resume without a gap. The cursor of a message is its id.',
        resolve: ({ id }) => id,
      }),
      at: t.field({ type: 'DateTime', description: 'When the event happened.', resolve: storedAt }),
      roomId: t.exposeID('roomId', { description: 'The id of the room.' }),
    }),
    resolveType: (event) => (isMessage(event) ? 'MessageSent' : 'MessagesRetracted'),
  });

  builder.objectRef<Message>('MessageSent').implement({
    description: 'A message was sent.',
    interfaces: [RoomEventType],
    fields: (t) => ({
      message: t.field({ type: 'Message', description: 'The message.', resolve: (message) => message }),
    }),
  });

  builder.objectRef<Retraction>('MessagesRetracted').implement({
    description:
      'Messages were retracted: remove them from what you show. Some may be messages that you have never received.',
    interfaces: [RoomEventType],
    fields: (t) => ({
      messageIds: t.field({
        type: ['ID'],
        description: 'The ids of the messages. Empty if `author` is set.',
        resolve: ({ ids }) => [...ids],
      }),
      author: t.id({
        nullable: true,
        description:
          'The id of a user, all of whose messages before this event are retracted. Null if `messageIds` names the messages.',
        resolve: ({ author }) => author ?? null,
      }),
    }),
  });

  builder.subscriptionField('roomEvents', (t) =>
    t.field({
      type: RoomEventType,
      description:
        'The events of a room as they happen, in order and exactly once: messages, and what happens to them. It reads the same log as `messageAdded`, resumes in the same way, and fails with the same errors.',
      args: {
        roomId: t.arg.id({ required: true, description: describeRoomIdArg('The room to follow') }),
        after: t.arg.id({
          description:
            'The cursor of the last event that the client has received. The subscription starts with the event after it. `"0"` is the beginning of the room. Refused with CURSOR_EXPIRED if events in between are no longer stored. Cannot be combined with `last`.',
        }),
        last: t.arg.int({
          description: `Start with this many of the newest messages that are not retracted: 0 to ${limits.pageSize}. Other values are refused with BAD_USER_INPUT. Other events follow from then on. Cannot be combined with \`after\`.`,
        }),
      },
      // `joinRoom` checks the arguments: `validate` would check them again for each event.
      subscribe: (_root, args, context) => joinRoom(args, rules, context, 'events'),
      resolve: (event) => event,
    }),
  );
}
