import { type Section, variable } from '#config/declaration.js';
import { integer, oneOf } from '#config/parsers.js';

export const rateLimits = {
  title: 'Rate limits',
  note: 'Counted over all servers unless it says otherwise. 0 means no limit.',
  variables: {
    RATE_WINDOW_SECONDS: variable({
      parser: integer(1, 3_600),
      default: 10,
      description: 'The length of the window that the limits below apply to, in seconds.',
    }),
    RATE_SENDS_PER_USER: variable({
      parser: integer(0, 1_000),
      default: 0,
      productionDefault: 5,
      description: 'Messages that a user may send to one room.',
    }),
    RATE_SENDS_PER_ADDRESS: variable({
      parser: integer(0, 100_000),
      default: 0,
      productionDefault: 100,
      description: 'Messages that may come from one network address, over all rooms.',
    }),
    RATE_CONNECTIONS_PER_ADDRESS: variable({
      parser: integer(0, 100_000),
      default: 0,
      productionDefault: 200,
      description: 'WebSockets and event streams that one network address may open.',
    }),
    RATE_SESSIONS_PER_ADDRESS: variable({
      parser: integer(0, 100_000),
      default: 0,
      productionDefault: 20,
      description: 'Sessions that one network address may start.',
    }),
    RATE_ROOMS_PER_ADDRESS: variable({
      parser: integer(0, 100_000),
      default: 0,
      productionDefault: 50,
      description:
        'New rooms that one network address may open, by a subscription or by the first message. Rooms that others are in do not count.',
    }),
    RATE_OPERATIONS_PER_CONNECTION: variable({
      parser: integer(0, 100_000),
      default: 0,
      productionDefault: 100,
      description:
        'Operations that one WebSocket may start. Counted by the server that holds the connection.',
    }),
    RATE_COST_PER_ADDRESS: variable({
      parser: integer(0, 1_000_000_000),
      default: 0,
      productionDefault: 1_000_000,
      description:
        'What the operations of one network address may cost, in points. A point is about one microsecond of CPU time, so a million points in 10 seconds is a tenth of a core. Counted by the process that runs them.',
    }),
    RATE_LIMIT_FAILURE: variable({
      parser: oneOf('open', 'closed'),
      default: 'open',
      description:
        'What to do with a request if Redis cannot count it in time: open lets it through, closed refuses it with SERVICE_UNAVAILABLE.',
    }),
    RATE_LIMIT_TIMEOUT_MS: variable({
      parser: integer(10, 60_000),
      default: 250,
      description: 'How long Redis may take to count a request.',
    }),
    TRUST_PROXY: variable({
      parser: integer(0, 10),
      default: 0,
      description:
        'How many of your own proxies stand in front of this server, each of which appends to X-Forwarded-For. With 0, that header is ignored.',
    }),
  },
} satisfies Section;
