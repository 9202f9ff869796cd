import type { ChatError } from '#domain/errors.js';

/** Something that receives from a projection. */
export interface Receiver {
  /** There may be more to deliver. */
  pump(): void;
  /** Messages were retracted. Takes back what it has been given and not passed on yet. */
  retracted?(): void;
  /** Whether it is waiting for a full sink, for rendering or for the store. */
  readonly isWaiting?: boolean;
  /** Delivery has ended for this reason. */
  refuse(reason: ChatError): void;
}
