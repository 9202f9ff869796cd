/**
 * Subscriptions as multipart HTTP responses, in the protocol of Apollo's clients and router:
 *
 *   request (Accept: multipart/mixed;subscriptionSpec=1.0) → boundary
 *     → ({"payload": <result>} boundary | {} boundary)* → --
 *
 * Clients process a part when they see the boundary after it, so each part is sent together with the next
 * boundary. `{}` is a heartbeat. Errors inside the payload are errors of the operation. Errors next to a null
 * payload are transport errors, and the client may try again.
 */
import type { ExecutionResult } from 'graphql';
import type { StreamFormat } from './response-streams.js';

const BOUNDARY = 'graphql';
const BEFORE = Buffer.from('\r\nContent-Type: application/json\r\n\r\n{"payload":');
const AFTER = Buffer.from(`}\r\n--${BOUNDARY}`);

/** Codes of errors that a retry would not fix. Any other error is a transport error. */
const FINAL_CODES: readonly unknown[] = ['CURSOR_EXPIRED', 'BAD_USER_INPUT', 'FORBIDDEN', 'UNAUTHENTICATED'];

export const MULTIPART: StreamFormat = {
  type: 'multipart/mixed',
  // Without this parameter, multipart/mixed means a different protocol.
  parameter: 'subscriptionspec=1.0',
  contentType: `multipart/mixed;boundary="${BOUNDARY}";subscriptionSpec="1.0"`,
  framing: {
    key: 'multipart',
    encode: (payloads) => Buffer.concat(payloads.flatMap((payload) => [BEFORE, payload, AFTER])),
  },
  begin: `\r\n--${BOUNDARY}`,
  heartbeat: part({}),
  refusal: (result) => part(isFinal(result) ? { payload: result } : { payload: null, errors: result.errors }),
  end: '--\r\n',
};

function isFinal({ errors = [] }: ExecutionResult): boolean {
  return errors.some(({ extensions }) => FINAL_CODES.includes(extensions.code));
}

function part(body: object): string {
  return `\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(body)}\r\n--${BOUNDARY}`;
}
