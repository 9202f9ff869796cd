/**
 * Subscriptions as parts of one HTTP response, in the multipart protocol of Apollo's clients and router:
 *
 *   request (Accept: multipart/mixed;subscriptionSpec=1.0) → boundary
 *     → ({"payload": <result>} boundary | {} boundary)* → --
 *
 * Clients read a part once they see the boundary after it, so each part is sent with the next boundary. `{}` is
 * a heartbeat. Errors inside the payload answer the operation. Errors next to a null payload are about the
 * transport, and the client may try again.
 */
import type { ExecutionResult } from 'graphql';
import type { StreamFormat } from './response-streams.js';

const BOUNDARY = 'graphql';
const BEFORE = Buffer.from('\r\nContent-Type: application/json\r\n\r\n{"payload":');
const AFTER = Buffer.from(`}\r\n--${BOUNDARY}`);

/** Codes of a subscription that would be refused again. Any other end is about the server or the connection. */
const FINAL_CODES: readonly unknown[] = ['CURSOR_EXPIRED', 'BAD_USER_INPUT', 'FORBIDDEN', 'UNAUTHENTICATED'];

export const MULTIPART: StreamFormat = {
  type: 'multipart/mixed',
  // Without it, multipart/mixed means other protocols.
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
