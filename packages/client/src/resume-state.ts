import type { SubscribePayload } from 'graphql-ws';
import { compareCursors, isCursor } from './cursor.js';
import { DocumentError, type RoomVariables } from './document.js';

type Variables = SubscribePayload['variables'];

/**
 * How many of the newest ids to remember. More than any page, so that joining again delivers nothing twice.
 */
const REMEMBERED = 1_000;

/** What it takes to resume a subscription to a room: the cursor, and the ids that were delivered. */
export class ResumeState {
  readonly #room: RoomVariables;
  readonly #initial: Variables;
  readonly #lastAfterGap: number;
  readonly #delivered = new Set<string>();
  #cursor: string | undefined;
  #expired = false;

  /**
   * @param initial the variables that the subscription was made with
   * @param lastAfterGap how many messages to join with after the cursor has expired
   */
  constructor(room: RoomVariables, initial: Variables, lastAfterGap: number) {
    this.#room = room;
    this.#initial = initial;
    this.#lastAfterGap = lastAfterGap;
    const after = room.variableValue(room.after, initial);
    if (isCursor(after)) this.#cursor = after;
  }

  /** The position to resume from: the last message that was delivered. Undefined if there is none yet. */
  get cursor(): string | undefined {
    return this.#cursor;
  }

  /** Sets the cursor if there is none yet. */
  startAt(cursor: string | undefined): void {
    this.#cursor ??= cursor;
  }

  /** The cursor of a result: the id of a message, or the cursor of an event. Undefined if it was not selected. */
  cursorOf(value: unknown): string | undefined {
    const cursor = (value as Record<string, unknown> | null | undefined)?.[this.#room.cursor];
    return isCursor(cursor) ? cursor : undefined;
  }

  /** The error of a subscription whose results have no cursor. */
  get missingCursor(): DocumentError {
    return DocumentError.noCursor(this.#room.field);
  }

  /** Moves the cursor to what arrived. Returns false if it must not be delivered again. */
  accept(id: string): boolean {
    if (this.#cursor !== undefined && compareCursors(id, this.#cursor) <= 0) return false;
    this.#cursor = id;
    const delivered = this.#delivered;
    if (delivered.has(id)) return false;
    delivered.add(id);
    if (delivered.size > REMEMBERED) delivered.delete(delivered.values().next().value!);
    return true;
  }

  /**
   * Drops the cursor, so that the subscription continues with the newest messages, and returns it. The ids of
   * messages are still remembered: a store that lost only its newest messages delivers the ones before them again.
   * Their order is not: if the store's clock went back, new messages have ids below the old cursor.
   *
   * Events start over instead, since messages may have been retracted in the gap.
   */
  expire(): string | undefined {
    const cursor = this.#cursor;
    this.#cursor = undefined;
    this.#expired = true;
    if (this.#room.field === 'roomEvents') this.#delivered.clear();
    return cursor;
  }

  /** The variables to subscribe with. Null, not undefined, unsets one, because it may have a default. */
  variables(): Variables {
    const cursor = this.#cursor;
    if (cursor === undefined && !this.#expired) return this.#initial;
    const { after, last } = this.#room;
    const newest = cursor === undefined ? this.#lastAfterGap : null;
    return { ...this.#initial, [after]: cursor ?? null, ...(last && { [last]: newest }) };
  }

  /** Whether the variables name a start position: a cursor, or a number of the newest messages. */
  get hasStart(): boolean {
    const { after, last, variableValue } = this.#room;
    const variables = this.variables();
    return (
      variableValue(after, variables) != null ||
      (last !== undefined && Number(variableValue(last, variables)) > 0)
    );
  }
}
