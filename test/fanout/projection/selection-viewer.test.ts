import { buildSchema, type DocumentNode, parse, validate } from 'graphql';
import { describe, expect, test } from 'vitest';
import { Selections } from '#fanout/projection/selection.js';

describe('a selection', () => {
  const viewerSchema = buildSchema(`
    type Query { unused: Int }
    type Subscription { messageAdded(roomId: ID!): Message! }
    interface Entity { id: ID! secret: String }
    type Message implements Entity { id: ID! secret: String isMine: Boolean author: User! about: Subject next: Entity }
    type User implements Entity { id: ID! secret: String isMe: Boolean }
    type Link { title: String isMe: Boolean }
    union Subject = User | Link`);
  for (const [type, field] of [
    ['Message', 'isMine'],
    ['User', 'isMe'],
    ['User', 'secret'],
  ] as const) {
    const object = viewerSchema.getType(type);
    if (object && 'getFields' in object) object.getFields()[field]!.extensions = { viewerDependent: true };
  }
  const ofViewerSchema = new Selections(viewerSchema);
  const dependsOnViewer = (selection: string, fragments = ''): boolean => {
    const document: DocumentNode = parse(
      `subscription { messageAdded(roomId: "a") ${selection} } ${fragments}`,
    );
    expect(validate(viewerSchema, document).filter(({ message }) => !message.includes('never used'))).toEqual(
      [],
    );
    return ofViewerSchema.of(document).viewerDependent;
  };

  test.each<[string, string, string?]>([
    ['at the top level', '{ id isMine }'],
    ['under an alias', '{ id x: isMine }'],
    ['in a nested selection', '{ author { isMe } }'],
    ['even if it is skipped', '{ id isMine @skip(if: true) }'],
    ['in an inline fragment', '{ ... on Message { isMine } }'],
    ['in an inline fragment without a type condition', '{ ... @include(if: true) { isMine } }'],
    ['in a fragment', '{ ...F }', 'fragment F on Message { isMine }'],
    [
      'in a nested fragment',
      '{ ...F }',
      'fragment F on Message { author { ...G } } fragment G on User { isMe }',
    ],
    ['through an interface', '{ next { secret } }'],
    ['through a fragment on an interface', '{ author { ...E } }', 'fragment E on Entity { secret }'],
    ['in a union', '{ about { ... on User { isMe } } }'],
    ['through an interface within a union', '{ about { ... on Entity { secret } } }'],
  ])('depends on the viewer if a marked field is selected %s', (_where, selection, fragments) => {
    expect(dependsOnViewer(selection, fragments)).toBe(true);
  });

  test.each<[string, string, string?]>([
    ['other fields', '{ id author { id } __typename }'],
    ['an unmarked field of the same name', '{ about { ... on Link { isMe } } }'],
    ['an unused fragment', '{ id }', 'fragment F on Message { isMine }'],
    ['an unmarked field of an interface', '{ next { id } }'],
  ])('does not depend on the viewer because of %s', (_where, selection, fragments) => {
    expect(dependsOnViewer(selection, fragments)).toBe(false);
  });
});
