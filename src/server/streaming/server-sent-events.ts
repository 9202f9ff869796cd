/**
 * Server-sent events, as graphql-sse' distinct connections mode has them:
 *
 *   request (Accept: text/event-stream) → `:` → (event: next, data: <result>)* → event: complete
 */
import type { StreamFormat } from './response-streams.js';

const BEFORE = Buffer.from('event: next\ndata: ');
const AFTER = Buffer.from('\n\n');
/** A comment, which clients skip. */
const COMMENT = ':\n\n';

export const EVENT_STREAM: StreamFormat = {
  isAccepted: (accept) => accept.includes('text/event-stream'),
  mediaType: 'text/event-stream',
  contentType: 'text/event-stream; charset=utf-8',
  framing: {
    key: 'sse',
    encode: (payloads) => Buffer.concat(payloads.flatMap((payload) => [BEFORE, payload, AFTER])),
  },
  begin: COMMENT,
  heartbeat: COMMENT,
  refusal: (result) => `${BEFORE}${JSON.stringify(result)}${AFTER}`,
  end: 'event: complete\ndata:\n\n',
};
