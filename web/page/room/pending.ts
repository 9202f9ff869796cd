import type { SendError } from 'streamly-chat-client';
import { compareIds, type Message } from './message.js';

/** A message of one's own that is not settled: shown below the others until it is. */
export interface Pending {
  nonce: string;
  /** Its line's key, which the message that settles it takes over. */
  key: string;
  author: string;
  content: string;
  state: 'sending' | 'waiting' | 'sent' | 'failed';
  /** When it was said, in milliseconds since 1970. */
  saidAt: number;
  /** The newest message at that time: what is not newer cannot be this one. */
  after: string | undefined;
  /** When it was first tried with its nonce, in milliseconds since 1970. */
  triedAt?: number;
  /** Where a limit holds it back: when it may be sent, in milliseconds since 1970. */
  until?: number;
  /** Where it has `failed`: why, in words; and whether it may have been sent all the same. */
  error?: SendError;
  /** The id it was stored with, once that is known. */
  id?: string;
  /** A message that came meanwhile and is probably this one: it is shown in its place. */
  seenAs?: string;
}

/** Whether a message may be this one, as far as can be told before it is known under which id it was stored. */
export function mayBe(pending: Pending, { id, author, content }: Message): boolean {
  return (
    pending.id === undefined &&
    pending.seenAs === undefined &&
    pending.content === content &&
    pending.author === author.name &&
    (pending.after === undefined || compareIds(id, pending.after) > 0)
  );
}
