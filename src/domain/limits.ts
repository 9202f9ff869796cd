import { z } from 'zod';
import { isCursor, isEntryId } from './cursor.js';
import { hidesSomething, isVisible, trimName, withoutRedundantSelectors } from './text-rules.js';

/** Limits on what clients may request and send. All of them are configurable. */
export interface Limits {
  /** Characters (Unicode code points) in a message, after trimming. */
  contentLength: number;
  /** Characters in a display name, after trimming. */
  nameLength: number;
  /** Characters in a room's id. */
  roomIdLength: number;
  /** Messages in one page, and in the backlog that a subscription requests with `last`. */
  pageSize: number;
  /** Messages in a page if the client gives no size. */
  defaultPageSize: number;
  /** Rooms in one result. */
  roomCount: number;
  /** Longest wait, in seconds, that a room's slow mode may impose between two messages of a user. */
  slowModeSeconds: number;
}

/** The default limits. */
export const DEFAULT_LIMITS: Limits = {
  contentLength: 500,
  nameLength: 40,
  roomIdLength: 64,
  pageSize: 200,
  defaultPageSize: 50,
  roomCount: 500,
  slowModeSeconds: 3_600,
};

/**
 * Messages that one call retracts. Not configurable: finding them by their position must look at less than a thousand
 * entries of the longest list.
 */
export const MAX_RETRACTED_IDS = 50;

/** The longest room id that the configuration may allow. */
export const MAX_ROOM_ID_LENGTH = 256;

const ROOM_ID = /^[\w.-]+$/;
const CONTROL = /\p{Cc}/u;
const CONTROL_BUT_NEWLINE = /[^\P{Cc}\n]/u;
const NONCE = /^[\w.:-]{1,64}$/;

/** The format of a room id in words, for descriptions and error messages. */
export function describeRoomId(maxLength: number): string {
  return `1 to ${maxLength} letters, digits, \`_\`, \`-\` or \`.\``;
}

/** Whether a text is a room id of at most `maxLength` characters. */
export function isRoomId(text: string, maxLength: number): boolean {
  return text.length <= maxLength && ROOM_ID.test(text);
}

/** A schema for each kind of input. Each message completes a sentence that begins with the field's name. */
export function inputRules(limits: Limits) {
  const tooLong = (maxLength: number) => ({
    message: `must have at most ${maxLength} characters`,
    params: { limit: maxLength },
  });
  const text = (maxLength: number, forbidden: RegExp, trim = (value: string) => value.trim()) =>
    z
      .string()
      .transform(trim)
      .refine((value) => value.length > 0, 'must not be empty')
      .refine((value) => value === '' || isVisible(value), 'must contain something visible')
      .refine((value) => codePoints(value) <= maxLength, tooLong(maxLength))
      .refine((value) => !forbidden.test(value), 'must not contain control characters')
      .refine((value) => value.isWellFormed(), 'must be well-formed Unicode');
  const count = (max: number) =>
    z
      .number()
      .refine((value) => value >= 0, 'must not be negative')
      .refine((value) => value <= max, { message: `must be at most ${max}`, params: { limit: max } });

  return {
    roomId: z
      .string()
      .refine((value) => value.length > 0 && value.length <= limits.roomIdLength, {
        message: `must have 1 to ${limits.roomIdLength} characters`,
        params: { limit: limits.roomIdLength },
      })
      .refine(
        (value) => value === '' || ROOM_ID.test(value),
        `must be ${describeRoomId(limits.roomIdLength)}`,
      ),
    content: text(limits.contentLength, CONTROL_BUT_NEWLINE),
    name: z
      .string()
      // Examining a name takes about a microsecond per character, so one that is far too long is refused before.
      .refine((value) => value.length <= 10 * limits.nameLength, tooLong(limits.nameLength))
      .pipe(
        text(limits.nameLength, CONTROL, trimName)
          .transform(withoutRedundantSelectors)
          .refine(
            (value) => !isVisible(value) || !hidesSomething(value),
            'must not contain invisible characters or characters that change the direction of text',
          ),
      ),
    nonce: z.string().regex(NONCE, 'must be 1 to 64 letters, digits, `_`, `-`, `.` or `:`'),
    cursor: z.string().refine(isCursor, 'must be the id of a message, or "0" for the beginning'),
    messageIds: z
      .array(z.string())
      .refine((ids) => ids.length >= 1 && ids.length <= MAX_RETRACTED_IDS, {
        message: `must have 1 to ${MAX_RETRACTED_IDS} items`,
        params: { limit: MAX_RETRACTED_IDS },
      })
      .refine((ids) => ids.every(isEntryId), 'must contain only ids of messages'),
    pageSize: count(limits.pageSize),
    roomCount: count(limits.roomCount),
    slowModeSeconds: count(limits.slowModeSeconds),
  };
}

/** What `inputRules` returns. */
export type InputRules = ReturnType<typeof inputRules>;

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
