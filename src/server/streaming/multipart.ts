/**
 * Subscriptions over HTTP as Apollo's clients and its router have them, in parts of one response:
 *
 *   request (Accept: multipart/mixed;subscriptionSpec=1.0) → boundary
 *     → ({"payload": <result>} boundary | {} boundary)* → --
 *
 * A client reads a part when the boundary behind it has come, so each part brings that along. `{}` is a
 * heartbeat. Errors in a payload are an answer to the operation; errors beside a payload of null are of the
 * transport, and a client may try again.
 */
import type { ExecutionResult } from 'graphql';
import type { StreamFormat } from './response-streams.js';

const BOUNDARY = 'graphql';
const BEFORE = Buffer.from('\r\nContent-Type: application/json\r\n\r\n{"payload":');
const AFTER = Buffer.from(`}\r\n--${BOUNDARY}`);

/** Why a subscription ended that would be refused again. Any other end is of the server or the connection. */
const ANSWERS: readonly unknown[] = ['CURSOR_EXPIRED', 'BAD_USER_INPUT', 'FORBIDDEN', 'UNAUTHENTICATED'];

export const MULTIPART: StreamFormat = {
  isAccepted: (accept) => /multipart\/mixed[^,]*;\s*subscriptionSpec="?1\.0"?/i.test(accept),
  mediaType: 'multipart/mixed',
  contentType: `multipart/mixed;boundary="${BOUNDARY}";subscriptionSpec="1.0"`,
  framing: {
    key: 'multipart',
    encode: (payloads) => Buffer.concat(payloads.flatMap((payload) => [BEFORE, payload, AFTER])),
  },
  begin: `\r\n--${BOUNDARY}`,
  heartbeat: part({}),
  refusal: (result) =>
    part(isAnswer(result) ? { payload: result } : { payload: null, errors: result.errors }),
  end: '--\r\n',
};

function isAnswer({ errors = [] }: ExecutionResult): boolean {
  return errors.some(({ extensions }) => ANSWERS.includes(extensions.code));
}

function part(body: object): string {
  return `\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(body)}\r\n--${BOUNDARY}`;
}
