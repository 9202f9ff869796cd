import { unauthenticated } from '#domain/errors.js';
import { MAX_RETRACTED_IDS } from '#domain/limits.js';
import type { Retracted } from '#domain/ports/event-log.js';
import type { Builder } from '#graphql/builder.js';
import { AUTHORS_RETRACT_WITHIN_MS, retractMessages } from '#rooms/retract.js';

/** Adds retracting messages. */
export function addRetraction(builder: Builder): void {
  const { limits, rules, describeRoomIdArg } = builder;
  const minutes = AUTHORS_RETRACT_WITHIN_MS / 60_000;

  const Payload = builder.objectRef<Retracted>('RetractMessagesPayload').implement({
    description: 'The outcome of retracting messages. Each id that was given is in one of the lists.',
    fields: (t) => ({
      retracted: t.field({
        type: ['ID'],
        description: 'The messages that are retracted now, including those that were retracted before.',
        resolve: ({ retracted }) => retracted,
      }),
      missing: t.field({
        type: ['ID'],
        description: 'Ids of messages that the room does not have, or no longer has.',
        resolve: ({ missing }) => missing,
      }),
    }),
  });

  builder.mutationField('retractMessages', (t) =>
    t.field({
      type: Payload,
      description: `Removes messages for everyone. Their text is deleted from the history and from what was not delivered yet, and \`roomEvents\` tells clients to remove what they show. Moderators may retract all messages but those of other moderators and of the platform; other users who are signed in, their own for ${minutes} minutes. Safe to repeat. Fails with BAD_USER_INPUT; UNAUTHENTICATED (guests cannot retract messages); FORBIDDEN (one of the messages may not be retracted, so none was); or SERVICE_UNAVAILABLE (they may or may not have been retracted).`,
      args: {
        roomId: t.arg.id({
          required: true,
          description: describeRoomIdArg('The room of the messages'),
          validate: rules.roomId,
        }),
        ids: t.arg.idList({
          required: true,
          description: `The ids of the messages: 1 to ${MAX_RETRACTED_IDS}. Other numbers, and texts that are not ids, are refused with BAD_USER_INPUT.`,
          validate: rules.messageIds,
        }),
        reason: t.arg.string({
          description: `The reason, for moderators: 1 to ${limits.contentLength} characters. Viewers do not see it. This version does not keep it. Other values are refused with BAD_USER_INPUT.`,
          validate: rules.content,
        }),
      },
      authScopes: { signedIn: true },
      unauthorizedError: () => unauthenticated('Sign in to retract messages.'),
      resolve: (_root, { roomId, ids }, { eventLog, viewer }) =>
        retractMessages(eventLog, roomId, ids, viewer),
    }),
  );
}
