import { storedAt } from '#domain/entry.js';
import type { Builder } from '#graphql/builder.js';
import { joinRoom } from '#graphql/join-room.js';
import { connectionOf, isScrollback, windowOf } from '#graphql/pages.js';
import { reading } from '#graphql/reads.js';
import { GUEST_NAME, sendMessage } from '#rooms/send.js';

/** Adds messages: reading the history of a room, sending, and subscribing. */
export function addMessage(builder: Builder): void {
  const { limits, rules, describeRoomIdArg } = builder;

  builder.objectType('Message', {
    description:
      'A message in a room. It never changes, but it can be retracted, and it is stored for a limited time.',
    fields: (t) => ({
      id: t.exposeID('id', {
        description:
          'The id of the message. It is unique within the room, and newer messages have greater ids. It is also a cursor: pass it as `after` or `before` to read from this message on, or to `messageAdded(after:)` to resume without a gap.',
      }),
      roomId: t.exposeID('roomId', { description: 'The id of the room that the message was sent to.' }),
      room: t.field({
        type: 'Room',
        description: 'The room that the message was sent to.',
        resolve: (message) => message.roomId,
      }),
      author: t.expose('author', { type: 'User', description: 'The sender of the message.' }),
      content: t.exposeString('content', {
        description: `The text of the message: 1 to ${limits.contentLength} characters, which may include newlines. It is plain text: escape it before inserting it into HTML.`,
      }),
      nonce: t.exposeString('nonce', {
        nullable: true,
        description:
          'The nonce that the message was sent with, so that its sender can recognize it. Null if it was sent without one.',
      }),
      createdAt: t.field({
        type: 'DateTime',
        description: 'When the server accepted the message.',
        resolve: storedAt,
      }),
    }),
  });

  builder.queryField('messages', (t) =>
    t.connection(
      {
        type: 'Message',
        description: `A page of the history of a room, always oldest first. Without \`first\` and \`last\`, returns the newest ${limits.defaultPageSize} messages, or with \`after\` only, the first ${limits.defaultPageSize} after it. \`first\` and \`last\` together are refused with BAD_USER_INPUT. If an empty page was requested without a cursor, \`pageInfo.endCursor\` is the room's last cursor, even if its messages are no longer kept: \`messageAdded(after:)\` continues from there. It is null if the room never had a message.`,
        args: {
          roomId: t.arg.id({
            required: true,
            description: describeRoomIdArg('The room to read'),
            validate: rules.roomId,
          }),
        },
        resolve: async (_root, args, context) => {
          const window = windowOf(args, limits);
          const known = isScrollback(window) ? context.hub.knownHead(args.roomId) : undefined;
          const page = await context.eventLog.messages(args.roomId, window, known);
          reading(context, page.messages);
          return connectionOf(page, args);
        },
      },
      { name: 'MessageConnection', description: 'A page of the history of a room, oldest first.' },
      { name: 'MessageEdge', description: 'A message with its cursor.' },
    ),
  );

  const SendMessageInput = builder.inputType('SendMessageInput', {
    description: 'A message to send.',
    fields: (t) => ({
      roomId: t.id({
        required: true,
        description: describeRoomIdArg('The room to send to'),
        validate: rules.roomId,
      }),
      content: t.string({
        required: true,
        description: `The text of the message: 1 to ${limits.contentLength} characters after trimming, without control characters other than newline. It must contain something visible. Other values are refused with BAD_USER_INPUT.`,
        validate: rules.content,
      }),
      author: t.string({
        description: `The display name of a guest: 1 to ${limits.nameLength} characters, without control characters, invisible characters or characters that change the direction of text. At its ends, white space and the latter two are trimmed. Defaults to "${GUEST_NAME}". Ignored if the caller is signed in.`,
        validate: rules.name,
      }),
      nonce: t.string({
        description:
          'Makes the send safe to repeat. If the same author repeats a nonce in the same room within five minutes, nothing is sent, and the first message is returned again. Use a new UUID for each message: 1 to 64 letters, digits, `_`, `-`, `.` or `:`. Other values are refused with BAD_USER_INPUT.',
        validate: rules.nonce,
      }),
    }),
  });

  builder.mutationField('sendMessage', (t) =>
    t.field({
      type: 'Message',
      description:
        'Sends a message and returns it as it was stored. Fails with BAD_USER_INPUT; RATE_LIMITED (a limit of the sender, of the address, of new rooms or of slow mode: wait `retryAfterMs`); UNAUTHENTICATED (guests may not send here); FORBIDDEN (the message with this `nonce` was retracted); or SERVICE_UNAVAILABLE (the message may or may not have been sent, and it is safe to repeat the call with the same `nonce`).',
      args: {
        input: t.arg({ type: SendMessageInput, required: true, description: 'The message to send.' }),
      },
      resolve: (_root, { input: { author: guestName, ...input } }, context) =>
        sendMessage(context.eventLog, { ...input, guestName, nonce: input.nonce }, context),
    }),
  );

  builder.subscriptionField('messageAdded', (t) =>
    t.field({
      type: 'Message',
      description:
        'The messages of a room as they are sent, in order and exactly once. With `after` or `last`, it starts with stored messages and continues with live ones, without gaps or duplicates. Otherwise it is live only. If it cannot continue without a gap, it ends with CURSOR_EXPIRED. It does not tell when messages are retracted: `roomEvents` does. Fails with RATE_LIMITED if the address opens too many rooms that nobody else is in: wait `retryAfterMs`.',
      args: {
        roomId: t.arg.id({ required: true, description: describeRoomIdArg('The room to follow') }),
        after: t.arg.id({
          description:
            'The id of the last message that the client has received. The subscription starts with the message after it. `"0"` is the beginning of the room. Refused with CURSOR_EXPIRED if messages in between are no longer stored. Cannot be combined with `last`.',
        }),
        last: t.arg.int({
          description: `Start with this many of the newest messages: 0 to ${limits.pageSize}. Other values are refused with BAD_USER_INPUT. Cannot be combined with \`after\`.`,
        }),
      },
      // `joinRoom` checks the arguments: `validate` would check them again for each message.
      subscribe: (_root, args, context) => joinRoom(args, rules, context, 'messages'),
      resolve: (message) => message,
    }),
  );
}
