import type { SubscribePayload } from 'graphql-ws';
import { compareCursors, isCursor } from './cursor.js';
import type { RoomVariables } from './document.js';

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

  /** Moves the cursor to a message that arrived. Returns false if the message must not be delivered again. */
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
   * Drops the cursor, so that the subscription continues with the newest messages, and returns it. The ids
   * are still remembered: a store that lost only its newest messages delivers the ones before them again.
   * Their order is not: if the store's clock went back, new messages have ids below the old cursor.
   */
  expire(): string | undefined {
    const cursor = this.#cursor;
    this.#cursor = undefined;
    this.#expired = true;
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
