/**
 * Server-sent events, in the distinct connections mode of the GraphQL over SSE protocol:
 *
 *   request (Accept: text/event-stream) → `:` → (event: next, data: <result>)* → event: complete
 */
import type { StreamFormat } from './response-streams.js';

const BEFORE = Buffer.from('event: next\ndata: ');
const AFTER = Buffer.from('\n\n');
/** A comment, which clients ignore. */
const COMMENT = ':\n\n';

export const EVENT_STREAM: StreamFormat = {
  type: 'text/event-stream',
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
