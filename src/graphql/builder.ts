import SchemaBuilder from '@pothos/core';
import RelayPlugin from '@pothos/plugin-relay';
import ValidationPlugin from '@pothos/plugin-validation';
import { DateTimeISOResolver } from 'graphql-scalars';
import { inputRules, type Limits } from '#domain/limits.js';
import type { Message, User } from '#domain/message.js';
import type { OperationContext } from './context.js';
import { refusal } from './input-error.js';

interface SchemaTypes {
  Context: OperationContext;
  /** A room is its id; the rest is asked for where a field wants it. */
  Objects: { Message: Message; Room: string; User: User };
  Scalars: { DateTime: { Input: Date; Output: Date } };
  DefaultFieldNullability: false;
  DefaultEdgesNullability: { list: false; items: false };
  DefaultNodeNullability: false;
}

/**
 * The builder that every type adds itself to, with the bounds that the descriptions tell and the rules
 * that the arguments are held to: one source for both.
 */
export function createBuilder(limits: Limits) {
  const rules = inputRules(limits);
  const pageSize = `0 to ${limits.pageSize}; more, or a negative number, is refused with BAD_USER_INPUT`;

  const builder = new SchemaBuilder<SchemaTypes>({
    plugins: [ValidationPlugin, RelayPlugin],
    defaultFieldNullability: false,
    validation: { validationError: refusal },
    relay: {
      cursorType: 'String',
      nodeQueryOptions: false,
      nodesQueryOptions: false,
      edgesFieldOptions: {
        nullable: { list: false, items: false },
        description: 'The page with a cursor beside each item, oldest first.',
      },
      nodeFieldOptions: { nullable: false, description: 'The item itself.' },
      nodesOnConnection: {
        description: 'The page without cursors, oldest first: a short form of `edges { node }`.',
      },
      cursorFieldOptions: {
        description:
          "The item's place: pass it as `after` or `before` to read on from it. For a message this is its `id`.",
      },
      pageInfoFieldOptions: { description: 'Where the page begins and ends, and whether there is more.' },
      pageInfoTypeOptions: {
        description: 'Where a page begins and ends, and whether there is more on either side.',
      },
      hasNextPageFieldOptions: {
        description: 'Whether items newer than this page are kept. Read them with `after: endCursor`.',
      },
      hasPreviousPageFieldOptions: {
        description: 'Whether items older than this page are kept. Read them with `before: startCursor`.',
      },
      startCursorFieldOptions: {
        description: 'The cursor of the oldest item in the page; null for an empty page.',
      },
      endCursorFieldOptions: {
        description: 'The cursor of the newest item in the page; null for an empty page.',
      },
      firstArgOptions: {
        description: `How many to give, counted from the oldest: ${pageSize}. Not together with \`last\`.`,
        validate: rules.pageSize,
      },
      lastArgOptions: {
        description: `How many to give, counted from the newest: ${pageSize}. Not together with \`first\`.`,
        validate: rules.pageSize,
      },
      afterArgOptions: {
        description:
          'A cursor: only what came after it. `"0"` is the beginning. Where that cannot be given without a gap, since what the cursor names is no longer kept, the query is refused with CURSOR_EXPIRED.',
        validate: rules.cursor,
      },
      beforeArgOptions: { description: 'A cursor: only what came before it.', validate: rules.cursor },
    },
  });

  builder.addScalarType('DateTime', DateTimeISOResolver, {
    description:
      'A moment in UTC as an RFC 3339 string with milliseconds, such as `2026-01-31T18:30:00.000Z`.',
  });
  return Object.assign(builder, { limits, rules });
}

/** What `createBuilder` gives. */
export type Builder = ReturnType<typeof createBuilder>;
