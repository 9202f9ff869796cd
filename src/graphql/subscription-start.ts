import type { z } from 'zod';
import { badInput } from '#domain/errors.js';
import type { InputRules } from '#domain/limits.js';
import type { Start } from '#fanout/hub.js';
import { refusal } from './input-error.js';

/** The arguments of a subscription to a room. */
export interface PlaceArguments {
  roomId: string;
  after?: string | null;
  last?: number | null;
}

/**
 * Which room a subscription follows, and where it starts. An event stream that reconnects asks with the arguments
 * of its first request, so `lastEventId` overrides them if it is a cursor. Throws BAD_USER_INPUT, naming the
 * argument.
 */
export function placeAsked(
  { roomId, after, last }: PlaceArguments,
  rules: InputRules,
  lastEventId?: string,
): { roomId: string; start: Start } {
  hold(rules.roomId, 'roomId', roomId);
  if (lastEventId !== undefined && rules.cursor.safeParse(lastEventId).success) {
    return { roomId, start: { from: 'after', cursor: lastEventId } };
  }
  if (after != null && last != null) throw badInput('last', 'give either "after" or "last", not both');
  if (after != null) {
    hold(rules.cursor, 'after', after);
    return { roomId, start: { from: 'after', cursor: after } };
  }
  if (last == null) return { roomId, start: { from: 'now' } };
  hold(rules.pageSize, 'last', last);
  return { roomId, start: { from: 'last', count: last } };
}

/** Throws BAD_USER_INPUT, naming the argument, where the rule does not allow its value. */
export function hold(rule: z.ZodType, field: string, value: unknown): void {
  const { error } = rule.safeParse(value);
  if (error) throw refusal({ issues: error.issues.map((issue) => ({ ...issue, path: [field] })) });
}
