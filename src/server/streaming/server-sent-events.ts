/**
 * Server-sent events, in the distinct connections mode of the GraphQL over SSE protocol:
 *
 *   request (Accept: text/event-stream) → `:` → id? → (id?, event: next, data: <result>)* → event: complete
 *
 * Each message of a room carries its cursor as the event's id, and the first id comes before any event. A
 * browser's EventSource sends the last id that it saw as Last-Event-ID when it reconnects, so it loses nothing.
 */
import type { StreamFormat } from './response-streams.js';

const BEFORE = 'event: next\ndata: ';
const AFTER = Buffer.from('\n\n');
/** A comment, which clients ignore. */
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
  // Without data, browsers keep the id and fire no event.
  cursor: (id) => `id: ${id}\n\n`,
  heartbeat: COMMENT,
  refusal: (result) => `${BEFORE}${JSON.stringify(result)}${AFTER}`,
  end: 'event: complete\ndata:\n\n',
};
