/**
 * Estimates the bytes of an operation's response before it runs: every field with its key and the longest value that
 * it can have, times the items of the lists around it. Aliases count, since each repeats its value.
 */
import {
  type FieldNode,
  type GraphQLCompositeType,
  GraphQLError,
  getNamedType,
  isEnumType,
  isInterfaceType,
  isObjectType,
  type ValidationRule,
} from 'graphql';
import { type Limits, MAX_RETRACTED_IDS } from '#domain/limits.js';
import { weightRule } from './cost-rule.js';
import type { ListSizes } from './weights.js';

/** The most bytes of a field that is a text or a list of texts, by `Type.field`. Other texts count as `OTHER_TEXT`. */
export type TextBytes = Readonly<Record<string, number>>;

/** A character takes at most four bytes of UTF-8. Escaped in JSON, it takes fewer. */
const BYTES_PER_CHARACTER = 4;

/** Ids of messages, cursors, dates, nonces and tokens are shorter. */
const OTHER_TEXT = 68;

/** Ids of users: `guest:` and a name, or up to 128 UTF-16 units in a platform's token. */
const USER_ID = 384;

const NUMBER = 24;

/** The answer to a full introspection query is 45 KB. */
const INTROSPECTION = 65_536;

/** `"":,` around a key and its value, `{},` around an object. */
const AROUND_FIELD = 4;
const AROUND_ITEM = 3;

/** The ids in a list: `"<ms>-<sequence>",` of at most 33 digits. */
const ID_LIST = MAX_RETRACTED_IDS * 36;

/** The most bytes of each text whose length is configurable, and of lists of texts. */
export function textBytes(limits: Pick<Limits, 'contentLength' | 'nameLength' | 'roomIdLength'>): TextBytes {
  const name = BYTES_PER_CHARACTER * limits.nameLength;
  const userId = Math.max(USER_ID, name + 'guest:'.length);
  return {
    'Message.content': BYTES_PER_CHARACTER * limits.contentLength,
    'Message.roomId': limits.roomIdLength,
    'MessageSent.roomId': limits.roomIdLength,
    'MessagesRetracted.author': userId,
    'MessagesRetracted.messageIds': ID_LIST,
    'MessagesRetracted.roomId': limits.roomIdLength,
    'RetractMessagesPayload.missing': ID_LIST,
    'RetractMessagesPayload.retracted': ID_LIST,
    'Room.id': limits.roomIdLength,
    'RoomEvent.roomId': limits.roomIdLength,
    'User.id': userId,
    'User.name': name,
  };
}

/** A validation rule that refuses operations whose response may have more than `limit` bytes. */
export function responseBytesRule(limit: number, sizes: ListSizes, texts: TextBytes): ValidationRule {
  const ofField = (node: FieldNode, type: GraphQLCompositeType | undefined): number =>
    (node.alias ?? node.name).value.length + AROUND_FIELD + valueBytes(node, type, texts);
  return weightRule({ ofField, perItem: AROUND_ITEM }, sizes, (bytes) => {
    if (bytes <= limit) return;
    const message = `The response may have ${bytes} bytes; the limit is ${limit}. Ask for fewer items or fields.`;
    throw new GraphQLError(message);
  });
}

function valueBytes(
  { name, selectionSet }: FieldNode,
  type: GraphQLCompositeType | undefined,
  texts: TextBytes,
) {
  if (name.value.startsWith('__')) return selectionSet === undefined ? OTHER_TEXT : INTROSPECTION;
  // Brackets, and a null in place of an object.
  if (selectionSet !== undefined) return AROUND_FIELD;
  const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[name.value] : undefined;
  if (field === undefined) return OTHER_TEXT;
  const leaf = getNamedType(field.type);
  if (['Int', 'Float', 'Boolean'].includes(leaf.name)) return NUMBER;
  // Each value at most once, if it is a list.
  if (isEnumType(leaf))
    return leaf.getValues().reduce((sum, value) => sum + value.name.length + AROUND_ITEM, 2);
  return (texts[`${type!.name}.${name.value}`] ?? OTHER_TEXT) + '""'.length;
}
