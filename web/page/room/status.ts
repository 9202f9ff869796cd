import type { ResumeEvent } from 'streamly-chat-client';

/** How it stands with the connection to a room. */
export type Status =
  | { state: 'connecting' }
  | { state: 'live' }
  | { state: 'reconnecting' }
  /** Live again; so many messages came late. */
  | { state: 'caught-up'; missed: number }
  /** Live again, but some messages cannot be had any more. */
  | { state: 'expired' }
  /** It will not be live again: the server refused it. */
  | { state: 'refused'; why: string };

/** States that are told for a while, and then are just live. */
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

/** Whether a status passes by itself. */
export function isPassing({ state }: Status): boolean {
  return state === 'caught-up' || state === 'expired';
}

/** The status in plain words. */
export function wordsFor(status: Status, online: boolean): string {
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

/** A number with its noun: `1 message`, `1,200 messages`. */
export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
