import type { Builder } from '#graphql/builder.js';

/** Who writes messages. */
export function addUser(builder: Builder): void {
  builder.objectType('User', {
    description: 'Someone who writes messages: signed in, or a guest.',
    fields: (t) => ({
      id: t.exposeID('id', {
        description:
          "The user's id. A guest's is `guest:` and the display name, so guests of one name share one id.",
      }),
      name: t.exposeString('name', {
        description: `The display name, 1 to ${builder.limits.nameLength} characters. Plain text: escape it before it goes into HTML.`,
      }),
    }),
  });
}
