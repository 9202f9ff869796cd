import { z } from 'zod';
import { isCursor } from './message.js';
import { hidesSomething, isVisible, withoutRedundantSelectors } from './text-rules.js';

/** The bounds on what a client may ask and send. All of them are configuration. */
export interface Limits {
  /** Characters (Unicode code points) in a message, after trimming. */
  contentLength: number;
  /** Characters in a display name, after trimming. */
  nameLength: number;
  /** Characters in a room's id. */
  roomIdLength: number;
  /** Messages in one page, or in what a joining viewer asks with `last`. */
  pageSize: number;
  /** Messages in a page where no size is given. */
  defaultPageSize: number;
  /** Rooms in one answer. */
  roomCount: number;
  /** Seconds between two messages of a user, which a room's slow mode may ask for. */
  slowModeSeconds: number;
}

/** The limits as they are where the configuration says nothing. */
export const DEFAULT_LIMITS: Limits = {
  contentLength: 500,
  nameLength: 40,
  roomIdLength: 64,
  pageSize: 200,
  defaultPageSize: 50,
  roomCount: 500,
  slowModeSeconds: 3_600,
};

const CONTROL = /\p{Cc}/u;
const CONTROL_BUT_NEWLINE = /[^\P{Cc}\n]/u;
const NONCE = /^[\w.:-]{1,64}$/;

/** One schema for each kind of input. Their messages are written to stand behind the field's name. */
export function inputRules(limits: Limits) {
  const text = (what: string, most: number, forbidden: RegExp) =>
    z
      .string()
      .transform((value) => value.trim())
      .refine((value) => value.length > 0, `${what} must not be empty`)
      .refine((value) => value === '' || isVisible(value), `${what} must contain something visible`)
      .refine((value) => codePoints(value) <= most, {
        message: `${what} is limited to ${most} characters`,
        params: { limit: most },
      })
      .refine((value) => !forbidden.test(value), `${what} must not hold control characters`)
      .refine((value) => value.isWellFormed(), `${what} must be well-formed Unicode`);
  const count = (what: string, most: number) =>
    z
      .number()
      .refine((value) => value >= 0, `${what} must not be negative`)
      .refine((value) => value <= most, {
        message: `${what} is limited to ${most}`,
        params: { limit: most },
      });

  return {
    roomId: z
      .string()
      .refine((value) => value.length > 0 && value.length <= limits.roomIdLength, {
        message: `a room id has 1 to ${limits.roomIdLength} characters`,
        params: { limit: limits.roomIdLength },
      })
      .refine((value) => /^[\w.-]*$/.test(value), 'a room id holds letters, digits, "_", "-" and "." alone'),
    content: text('a message', limits.contentLength, CONTROL_BUT_NEWLINE),
    name: text('a name', limits.nameLength, CONTROL)
      .transform(withoutRedundantSelectors)
      .refine(
        (value) => !isVisible(value) || !hidesSomething(value),
        'a name must not contain invisible characters or characters that change the direction of text',
      ),
    nonce: z.string().regex(NONCE, 'a nonce has 1 to 64 letters, digits, "_", "-", "." and ":"'),
    cursor: z.string().refine(isCursor, 'a cursor is the id of a message, or "0" for the beginning'),
    pageSize: count('a page', limits.pageSize),
    roomCount: count('the number of rooms', limits.roomCount),
    slowModeSeconds: count('the number of seconds', limits.slowModeSeconds),
  };
}

/** What `inputRules` gives. */
export type InputRules = ReturnType<typeof inputRules>;

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
