import { createdAt } from '#domain/message.js';
import type { Builder } from '#graphql/builder.js';
import { connectionOf, windowOf } from '#graphql/pages.js';
import { placeAsked } from '#graphql/subscription-start.js';
import { GUEST_NAME, sendMessage } from '#rooms/send.js';

/** Messages: reading a room's history, sending into it, and following it. */
export function addMessage(builder: Builder): void {
  const { limits, rules } = builder;
  const roomIdForm = `1 to ${limits.roomIdLength} letters, digits, \`_\`, \`-\` or \`.\`; anything else is refused with BAD_USER_INPUT.`;

  builder.objectType('Message', {
    description:
      'Something that was said in a room. A message never changes, and is kept for a limited time.',
    fields: (t) => ({
      id: t.exposeID('id', {
        description:
          "The message's id, unique and growing within its room. It is also its cursor: pass it as `after` or `before` to read on from here, or to `messageAdded(after:)` to come back without a gap.",
      }),
      roomId: t.exposeID('roomId', { description: 'The id of the room that the message was sent to.' }),
      room: t.field({
        type: 'Room',
        description: 'The room that the message was sent to.',
        resolve: (message) => message.roomId,
      }),
      author: t.expose('author', { type: 'User', description: 'Who sent the message.' }),
      content: t.exposeString('content', {
        description: `What was said: 1 to ${limits.contentLength} characters, which may include newlines. Plain text: escape it before it goes into HTML.`,
      }),
      createdAt: t.field({
        type: 'DateTime',
        description: 'When the server accepted the message.',
        resolve: createdAt,
      }),
    }),
  });

  builder.queryField('messages', (t) =>
    t.connection(
      {
        type: 'Message',
        description: `A page of a room's history, always oldest first. Without a size: the newest ${limits.defaultPageSize}, or, with \`after\` alone, the first ${limits.defaultPageSize} after it. \`first\` and \`last\` together are refused with BAD_USER_INPUT.`,
        args: {
          roomId: t.arg.id({
            required: true,
            description: `The room to read: ${roomIdForm}`,
            validate: rules.roomId,
          }),
        },
        resolve: async (_root, args, { repository }) =>
          connectionOf(await repository.page(args.roomId, windowOf(args, limits))),
      },
      { name: 'MessageConnection', description: "A page of a room's history, oldest first." },
      { name: 'MessageEdge', description: 'A message with its cursor.' },
    ),
  );

  const SendMessageInput = builder.inputType('SendMessageInput', {
    description: 'What to send, and where.',
    fields: (t) => ({
      roomId: t.id({
        required: true,
        description: `The room to send to: ${roomIdForm}`,
        validate: rules.roomId,
      }),
      content: t.string({
        required: true,
        description: `What to say: 1 to ${limits.contentLength} characters after white space at both ends is taken off, without control characters other than newline. Anything else is refused with BAD_USER_INPUT.`,
        validate: rules.content,
      }),
      author: t.string({
        description: `The display name of a guest: 1 to ${limits.nameLength} characters after white space at both ends is taken off, without control characters; "${GUEST_NAME}" where none is given. Ignored for a caller who is signed in.`,
        validate: rules.name,
      }),
      nonce: t.string({
        description:
          'Makes the send safe to repeat: the same nonce by the same author in the same room within five minutes gives the first message again and sends nothing. Take a new UUID for each message: 1 to 64 letters, digits, `_`, `-`, `.` or `:`; anything else is refused with BAD_USER_INPUT.',
        validate: rules.nonce,
      }),
    }),
  });

  builder.mutationField('sendMessage', (t) =>
    t.field({
      type: 'Message',
      description:
        'Sends a message, and gives it as it was stored. Refused with BAD_USER_INPUT, RATE_LIMITED (too fast for the sender, the address or the slow mode of the room: wait `retryAfterMs`), UNAUTHENTICATED (a guest, where guests may not send), FORBIDDEN, or SERVICE_UNAVAILABLE: then it may or may not have been sent, and repeating it with the same `nonce` is safe.',
      args: {
        input: t.arg({ type: SendMessageInput, required: true, description: 'What to send, and where.' }),
      },
      resolve: (_root, { input: { author: guestName, ...input } }, context) =>
        sendMessage(context.repository, { ...input, guestName, nonce: input.nonce }, context),
    }),
  );

  builder.subscriptionField('messageAdded', (t) =>
    t.field({
      type: 'Message',
      description:
        "A room's messages as they are sent, in order, each once. With `after` or `last` it begins with messages that are there already and goes on live, with no gap and no double; without either it is live only. Where it cannot go on without a gap it ends with CURSOR_EXPIRED.",
      args: {
        roomId: t.arg.id({
          required: true,
          description: `The room to follow: ${roomIdForm}`,
        }),
        after: t.arg.id({
          description:
            'The id of the last message that the client has: begin with all that came after it. `"0"` is the beginning of the room. Refused with CURSOR_EXPIRED where messages in between are no longer kept. Not together with `last`.',
        }),
        last: t.arg.int({
          description: `Begin with this many of the newest messages: 0 to ${limits.pageSize}; more, or a negative number, is refused with BAD_USER_INPUT. Not together with \`after\`.`,
        }),
      },
      // Not by `validate`, which would look at the arguments anew for each message.
      subscribe: (_root, args, { hub, connectionId, lastEventId }) => {
        const { roomId, start } = placeAsked(args, rules, lastEventId);
        return hub.join(roomId, start, connectionId);
      },
      resolve: (message) => message,
    }),
  );
}
