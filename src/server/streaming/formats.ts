import type { IncomingMessage } from 'node:http';
import { MULTIPART } from './multipart.js';
import { EVENT_STREAM } from './server-sent-events.js';

/** The formats in which a response goes on, the one that is preferred first. */
export const STREAM_FORMATS = [EVENT_STREAM, MULTIPART];

/** Whether a request asks for a response that may stay open for as long as its client does. */
export function asksForStream({ headers: { accept = '' } }: IncomingMessage): boolean {
  return STREAM_FORMATS.some(({ isAccepted }) => isAccepted(accept));
}
