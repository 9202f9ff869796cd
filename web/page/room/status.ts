import type { ResumeEvent } from 'streamly-chat-client';

/** The state of the connection to a room. */
export type Status =
  | { state: 'connecting' }
  | { state: 'live' }
  | { state: 'reconnecting' }
  /** Live again, after delivering this many messages that were missed. */
  | { state: 'caught-up'; missed: number }
  /** Live again, but some messages are no longer available. */
  | { state: 'expired' }
  /** The server refused the subscription for good. */
  | { state: 'refused'; why: string };

/** How long `caught-up` and `expired` are shown before they become `live`, in milliseconds. */
export const PASSING_MS = 8_000;

/** The status after an event of the resuming client. */
export function statusAfter(status: Status, event: ResumeEvent): Status {
  switch (event.type) {
    case 'connecting':
      return { state: 'connecting' };
    case 'reconnecting':
      return { state: 'reconnecting' };
    case 'gap':
      return { state: 'expired' };
    case 'live':
      if (status.state === 'expired') return status;
      return event.missed > 0 ? { state: 'caught-up', missed: event.missed } : { state: 'live' };
  }
}

/** Whether a status becomes `live` after a while. */
export function isPassing({ state }: Status): boolean {
  return state === 'caught-up' || state === 'expired';
}

/** Whether nothing arrives in this status, because the connection is not open. */
export function isWaiting({ state }: Status): boolean {
  return state === 'connecting' || state === 'reconnecting';
}

/** The status as shown to people. */
export function labelFor(status: Status, online: boolean): string {
  switch (status.state) {
    case 'connecting':
      return 'Connecting…';
    case 'live':
      return 'Live';
    case 'reconnecting':
      return online ? 'Reconnecting…' : 'Offline: waiting for the network';
    case 'caught-up':
      return `Caught up after ${plural(status.missed, 'missed message')}`;
    case 'expired':
      return 'History expired: some messages are gone';
    case 'refused':
      return status.why;
  }
}

/** A count with its noun: `1 message`, `1,200 messages`. */
export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
