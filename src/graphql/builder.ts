import SchemaBuilder from '@pothos/core';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import ValidationPlugin from '@pothos/plugin-validation';
import { DateTimeISOResolver } from 'graphql-scalars';
import { describeRoomId, inputRules, type Limits } from '#domain/limits.js';
import type { Message, User } from '#domain/message.js';
import { hasRole, type Role } from '#domain/viewer.js';
import type { OperationContext } from './context.js';
import { asBadInput } from './validation.js';

interface SchemaTypes {
  Context: OperationContext;
  /** A room is represented by its id. Its fields load the rest when they are selected. */
  Objects: { Message: Message; Room: string; User: User };
  /** Who may use a field that names the scope. Fields that name none are for everyone. */
  AuthScopes: Record<'signedIn' | Exclude<Role, 'viewer'>, boolean>;
  Scalars: { DateTime: { Input: Date; Output: Date } };
  DefaultFieldNullability: false;
  DefaultEdgesNullability: { list: false; items: false };
  DefaultNodeNullability: false;
}

/**
 * Creates the schema builder that all types are added to. `limits` determine both the validation rules and
 * the descriptions, so they cannot disagree.
 */
export function createBuilder(limits: Limits) {
  const rules = inputRules(limits);
  const pageSize = `0 to ${limits.pageSize}; other values are refused with BAD_USER_INPUT`;

  /** Describes an argument that is a room id: its purpose, its form, and how it is refused. */
  const describeRoomIdArg = (purpose: string): string =>
    `${purpose}: ${describeRoomId(limits.roomIdLength)}. Other values are refused with BAD_USER_INPUT.`;

  const builder = new SchemaBuilder<SchemaTypes>({
    plugins: [ScopeAuthPlugin, ValidationPlugin, RelayPlugin],
    defaultFieldNullability: false,
    validation: { validationError: asBadInput },
    scopeAuth: {
      authScopes: ({ viewer }) => ({
        signedIn: viewer !== null,
        moderator: hasRole(viewer, 'moderator'),
        service: hasRole(viewer, 'service'),
      }),
    },
    relay: {
      cursorType: 'String',
      nodeQueryOptions: false,
      nodesQueryOptions: false,
      edgesFieldOptions: {
        nullable: { list: false, items: false },
        description: 'The items of the page with their cursors, oldest first.',
      },
      nodeFieldOptions: { nullable: false, description: 'The item.' },
      nodesOnConnection: {
        description: 'The items of the page without their cursors, oldest first. Short for `edges { node }`.',
      },
      cursorFieldOptions: {
        description:
          'The cursor of the item. Pass it as `after` or `before` to continue from the item. The cursor of a message is its `id`.',
      },
      pageInfoFieldOptions: { description: 'The cursors of the page, and whether there are more items.' },
      pageInfoTypeOptions: {
        description: 'The first and last cursor of a page, and whether there are more items on either side.',
      },
      hasNextPageFieldOptions: {
        description: 'Whether there are newer items. Read them with `after: endCursor`.',
      },
      hasPreviousPageFieldOptions: {
        description: 'Whether there are older items. Read them with `before: startCursor`.',
      },
      startCursorFieldOptions: {
        description: 'The cursor of the oldest item in the page; null if the page is empty.',
      },
      endCursorFieldOptions: {
        description: 'The cursor of the newest item in the page; null if the page is empty.',
      },
      firstArgOptions: {
        description: `Return this many of the oldest items: ${pageSize}. Cannot be combined with \`last\`.`,
        validate: rules.pageSize,
      },
      lastArgOptions: {
        description: `Return this many of the newest items: ${pageSize}. Cannot be combined with \`first\`.`,
        validate: rules.pageSize,
      },
      afterArgOptions: {
        description:
          'A cursor. Only items after it are returned. `"0"` is the beginning. Refused with CURSOR_EXPIRED if items after the cursor are no longer stored, because the result would have a gap.',
        validate: rules.cursor,
      },
      beforeArgOptions: {
        description: 'A cursor. Only items before it are returned.',
        validate: rules.cursor,
      },
    },
  });

  builder.addScalarType('DateTime', DateTimeISOResolver, {
    description: 'A time in UTC as an RFC 3339 string with milliseconds, such as `2026-01-31T18:30:00.000Z`.',
  });
  return Object.assign(builder, { limits, rules, describeRoomIdArg });
}

/** What `createBuilder` returns. */
export type Builder = ReturnType<typeof createBuilder>;
