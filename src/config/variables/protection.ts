import { type Section, variable } from '#config/declaration.js';
import { flag, integer, originList, text } from '#config/parsers.js';

export const protection = {
  title: 'Protection',
  note: 'For a number that may be 0, 0 means no limit. docs/security.md explains what each setting prevents. With several WORKERS, limits on the selections, topics and answers of one address or room hold for each worker, and all others for the whole server.',
  variables: {
    ALLOWED_ORIGINS: variable({
      parser: originList,
      default: [],
      description:
        "Origins of pages that may connect, besides the server's own. https://*.example.com allows all subdomains, * allows any origin. Outside production, localhost and Apollo Studio may connect too.",
    }),
    GRAPHIQL: variable({
      parser: flag,
      description:
        'Whether to serve GraphiQL at /graphql. If empty: true, but false in production or if REQUIRE_TRUSTED_DOCUMENTS is true.',
    }),
    INTROSPECTION: variable({
      parser: flag,
      description:
        'Whether clients may query the schema, and errors may suggest names. If empty: true, but false in production or if REQUIRE_TRUSTED_DOCUMENTS is true.',
    }),
    QUERY_DEPTH_LIMIT: variable({
      parser: integer(0, 1_000),
      default: 10,
      description: 'Levels of fields in a document.',
    }),
    QUERY_ALIASES_LIMIT: variable({
      parser: integer(0, 10_000),
      default: 15,
      description: 'Aliases in an operation.',
    }),
    QUERY_DIRECTIVES_LIMIT: variable({
      parser: integer(0, 10_000),
      default: 20,
      description: 'Directives in an operation.',
    }),
    QUERY_TOKENS_LIMIT: variable({
      parser: integer(0, 100_000),
      default: 1_000,
      description: 'Tokens (words and punctuation) in a document.',
    }),
    QUERY_COST_LIMIT: variable({
      parser: integer(0, 1_000_000_000),
      default: 10_000,
      description: 'Fields that an operation may resolve, if every list is as long as the operation allows.',
    }),
    RESPONSE_BYTES_LIMIT: variable({
      parser: integer(0, 1_000_000_000),
      description:
        'Bytes that the response to an operation may have, if every list and every text in it is as long as possible. If empty, enough for one page or list of the largest size, with all fields of each message: 1592000 with the default limits.',
    }),
    TRUSTED_DOCUMENTS: variable({
      parser: text('a file path'),
      description: 'The manifest of trusted documents that graphql-codegen writes (persistedDocuments).',
    }),
    REQUIRE_TRUSTED_DOCUMENTS: variable({
      parser: flag,
      default: false,
      description: 'Whether to refuse all other documents.',
    }),
    OPERATIONS_PER_CONNECTION: variable({
      parser: integer(0, 100_000),
      default: 100,
      description: 'Operations that one WebSocket may have open at once.',
    }),
    SELECTIONS_PER_CONNECTION: variable({
      parser: integer(0, 100_000),
      default: 10,
      description:
        'Distinct selections that the subscriptions of one WebSocket may add. A message is executed once for each selection in its room. Subscriptions with a selection that the room has already are not limited.',
    }),
    SELECTIONS_PER_ADDRESS: variable({
      parser: integer(0, 1_000_000),
      default: 100,
      description: 'Distinct selections that may come from one network address.',
    }),
    SELECTIONS_PER_ROOM: variable({
      parser: integer(0, 100_000),
      default: 200,
      description: 'Distinct selections that one room may have on this server.',
    }),
    TOPICS_PER_ADDRESS: variable({
      parser: integer(0, 1_000_000),
      default: 500,
      description:
        'Rooms that one network address may follow with roomUpdated on this server, not counting those that another address followed first. Each is read and rendered every second.',
    }),
    ANSWERS_PER_CONNECTION: variable({
      parser: integer(0, 100_000),
      default: 10,
      description:
        'Queries and mutations that one connection may have under way: being executed, or with an answer that it has not read. A WebSocket is not read from while it has that many, an HTTP connection that pipelines more is ended.',
    }),
    ANSWERS_PER_ADDRESS: variable({
      parser: integer(0, 1_000_000),
      default: 0,
      productionDefault: 50,
      description: 'How many of those one network address may have under way on this server.',
    }),
    ANSWERS_LIMIT: variable({
      parser: integer(0, 10_000_000),
      default: 1_000,
      description: 'How many of those this server may have under way.',
    }),
    UNREAD_BYTES_PER_CONNECTION: variable({
      parser: integer(0, 1_000_000_000),
      default: 16_777_216,
      description: 'Bytes that one connection may leave unread. It is closed if it is sent more.',
    }),
    UNREAD_BYTES_PER_ADDRESS: variable({
      parser: integer(0, 1_000_000_000_000),
      default: 67_108_864,
      description:
        'Bytes that all connections of one network address may leave unread on this server. Above this, those with the most unread bytes are closed.',
    }),
    UNREAD_BYTES_LIMIT: variable({
      parser: integer(0, 1_000_000_000_000),
      default: 268_435_456,
      description:
        'Bytes that all connections of this server may leave unread. Above this, connections are closed, beginning with the address that has the most unread bytes.',
    }),
    CONNECTIONS_LIMIT: variable({
      parser: integer(0, 10_000_000),
      default: 100_000,
      description: 'WebSockets and event streams that this server holds at once.',
    }),
    CONNECTIONS_PER_ADDRESS: variable({
      parser: integer(0, 10_000_000),
      default: 0,
      description: 'How many of those may come from one network address.',
    }),
    IDLE_TIMEOUT_MS: variable({
      parser: integer(0, 86_400_000),
      default: 600_000,
      description: 'How long a WebSocket may stay open without any operation.',
    }),
    HEADERS_TIMEOUT_MS: variable({
      parser: integer(100, 600_000),
      default: 10_000,
      description: 'How long a client may take to send the headers of a request.',
    }),
    REQUEST_TIMEOUT_MS: variable({
      parser: integer(100, 600_000),
      default: 30_000,
      description: 'How long a client may take to send a whole request.',
    }),
    KEEP_ALIVE_TIMEOUT_MS: variable({
      parser: integer(1_000, 3_600_000),
      default: 65_000,
      description:
        'How long an idle HTTP connection stays open for another request. Must be longer than the idle timeout of the load balancer in front, or clients get 502.',
    }),
  },
} satisfies Section;
