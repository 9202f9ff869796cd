import type { SubscribePayload } from 'graphql-ws';

/** The subscription that an event is about. */
export interface Subject {
  /** The id of the room. Undefined for a subscription to something else. */
  roomId: string | undefined;
  /** The payload that `subscribe` was called with. */
  payload: SubscribePayload;
}

/** A change in the state of a resuming subscription. When it ends, the sink is notified instead. */
export type ResumeEvent = Subject &
  (
    | { type: 'connecting' }
    /**
     * Everything that was sent until now has been delivered. `missed` is how many of those messages were sent
     * while the subscription was interrupted, or 0 if it was not.
     */
    | { type: 'live'; missed: number }
    /** The subscription was interrupted by `cause`. `attempt` counts from 1 until it is live again. */
    | { type: 'reconnecting'; attempt: number; cause: unknown }
    /**
     * Some messages after the cursor `after` are no longer available: the server's history starts later, or
     * the server lost them. The subscription continues with the newest messages.
     */
    | { type: 'gap'; after: string | undefined }
  );

/** Receives the events. If it throws, the error is reported as uncaught and the subscription continues. */
export type OnEvent = (event: ResumeEvent) => void;
