/**
 * Subscriptions as server-sent events, in the distinct connections mode of the GraphQL over SSE protocol:
 *
 *   request (Accept: text/event-stream) → `:` → id? → (id?, event: next, data: <result>)* → event: complete
 *
 * The id of each event is the cursor of its message, and the first id is sent before any event. A browser's
 * EventSource sends the last id as Last-Event-ID when it reconnects, so it misses nothing.
 */
import type { StreamFormat } from './response-streams.js';

const BEFORE = 'event: next\ndata: ';
const AFTER = Buffer.from('\n\n');
/** An SSE comment, which clients ignore. */
const COMMENT = ':\n\n';

export const EVENT_STREAM: StreamFormat = {
  type: 'text/event-stream',
  contentType: 'text/event-stream; charset=utf-8',
  framing: {
    key: 'sse',
    encode: (payloads, ids) =>
      Buffer.concat(
        payloads.flatMap((payload, index) => [
          Buffer.from(ids === undefined ? BEFORE : `id: ${ids[index]}\n${BEFORE}`),
          payload,
          AFTER,
        ]),
      ),
  },
  begin: COMMENT,
  // Without data, browsers store the id but do not dispatch an event.
  cursor: (id) => `id: ${id}\n\n`,
  heartbeat: COMMENT,
  refusal: (result) => `${BEFORE}${JSON.stringify(result)}${AFTER}`,
  end: 'event: complete\ndata:\n\n',
};
