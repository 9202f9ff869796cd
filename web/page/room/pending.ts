import type { SendError } from 'streamly-chat-client';

/** A message of the user's own that is not settled. It is shown below the others until it is. */
export interface Pending {
  nonce: string;
  /** The key of its line. The message that settles it takes the key over, so that the line stays in place. */
  key: string;
  author: string;
  content: string;
  state: 'sending' | 'waiting' | 'sent' | 'failed';
  /** When the user sent it, in milliseconds since 1970. */
  saidAt: number;
  /** When sending it with its nonce was first attempted, in milliseconds since 1970. */
  triedAt?: number;
  /** When it may be sent, in milliseconds since 1970, if a rate limit holds it back. */
  until?: number;
  /** Why it `failed`, and whether it may have been stored all the same. */
  error?: SendError;
  /** The id under which it was stored, once that is known. */
  id?: string;
}
