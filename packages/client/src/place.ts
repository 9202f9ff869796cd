import type { SubscribePayload } from 'graphql-ws';
import { isCursor, Seen } from './cursor.js';
import type { RoomVariables } from './document.js';

type Variables = SubscribePayload['variables'];

/** Where a subscription stands in its room, and the variables that ask for what comes next. */
export class Place {
  readonly #seen: Seen;
  /** Whether a cursor was given up, for the newest messages. */
  #expired = false;

  constructor(
    private readonly room: RoomVariables,
    private readonly given: Variables,
    /** How many messages to join with where the cursor has expired. */
    private readonly lastAfterGap: number,
  ) {
    const cursor = room.variableValue(room.after, given);
    this.#seen = new Seen(isCursor(cursor) ? cursor : undefined);
  }

  /** The last message that was seen; undefined where nothing is known. */
  get cursor(): string | undefined {
    return this.#seen.cursor;
  }

  /** Stands behind this message, where nothing better is known. */
  suppose(cursor: string | undefined): void {
    this.#seen.cursor ??= cursor;
  }

  /** Notes a message; false for one that must not be handed on again. */
  take(id: string): boolean {
    return this.#seen.take(id);
  }

  /** Gives the cursor up, for the newest messages; returns it. */
  expire(): string | undefined {
    const { cursor } = this.#seen;
    this.#seen.startAnew();
    this.#expired = true;
    return cursor;
  }

  /** The variables to send. Null, not undefined, for what is not asked for: a variable may have a default. */
  variables(): Variables {
    const { cursor } = this.#seen;
    if (cursor === undefined && !this.#expired) return this.given;
    const { after, last } = this.room;
    const lastInstead = cursor === undefined ? this.lastAfterGap : null;
    return { ...this.given, [after]: cursor ?? null, ...(last && { [last]: lastInstead }) };
  }

  /** Whether the variables name a place: behind a message, or at the newest messages. */
  get isNamed(): boolean {
    const { after, last } = this.room;
    const variables = this.variables();
    const { variableValue } = this.room;
    return (
      variableValue(after, variables) != null ||
      (last !== undefined && Number(variableValue(last, variables)) > 0)
    );
  }
}
