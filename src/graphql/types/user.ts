import type { Builder } from '#graphql/builder.js';

/** Adds the type of message authors. */
export function addUser(builder: Builder): void {
  builder.objectType('User', {
    description: 'An author of messages: either signed in, or a guest.',
    fields: (t) => ({
      id: t.exposeID('id', {
        description:
          "The id of the user. A guest's id is `guest:` followed by the display name, so guests with the same name share an id.",
      }),
      name: t.exposeString('name', {
        description: `The display name, 1 to ${builder.limits.nameLength} characters. It is plain text: escape it before inserting it into HTML.`,
      }),
    }),
  });
}
