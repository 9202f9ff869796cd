import type { SubscribePayload } from 'graphql-ws';

/** Which subscription an event is about. */
export interface Subject {
  /** The room that is followed; undefined for a subscription to something else. */
  roomId: string | undefined;
  /** What was subscribed to, as it was given. */
  payload: SubscribePayload;
}

/** What happens to a subscription that is kept up. How it ends, its sink is told. */
export type ResumeEvent = Subject &
  (
    | { type: 'connecting' }
    /**
     * All that was sent until now has been delivered. `missed` of it was sent while the subscription was
     * interrupted: 0 where it was not.
     */
    | { type: 'live'; missed: number }
    /** The subscription was interrupted, by `cause`. `attempt` counts from 1 until it is live again. */
    | { type: 'reconnecting'; attempt: number; cause: unknown }
    /**
     * What came after the message `after` cannot be had in full: the history that the server keeps begins
     * later, or the server has lost it. The subscription goes on with the newest messages.
     */
    | { type: 'gap'; after: string | undefined }
  );

/** Told of what happens. What it throws is an uncaught error, and changes nothing. */
export type OnEvent = (event: ResumeEvent) => void;
