import { type Section, variable } from '#config/declaration.js';
import { integer, keyName, oneOf, text, workerCount } from '#config/parsers.js';

export const server = {
  title: 'Server',
  variables: {
    NODE_ENV: variable({
      parser: oneOf('production', 'development', 'test'),
      description:
        'In production, REDIS_URL must be set, rate limits are on, guests, GraphiQL and introspection are off by default, and pages of other origins cannot connect unless ALLOWED_ORIGINS lists them. Empty means development.',
    }),
    PORT: variable({
      parser: integer(0, 65_535),
      default: 4_000,
      description: 'The TCP port to listen on. 0 picks a free port.',
    }),
    HOST: variable({
      parser: text('a host name or an IP address'),
      default: '0.0.0.0',
      description:
        'The address to listen on: 0.0.0.0 for all IPv4 addresses, :: for all addresses, 127.0.0.1 for this machine only.',
    }),
    NODE_ID: variable({
      parser: keyName,
      description:
        'The name of this server in Redis and in the log. It must be different on each server. If empty, a random name is generated at start. Several workers add their number: eu-1, eu-2.',
    }),
    WORKERS: variable({
      parser: workerCount,
      default: 1,
      description:
        'How many processes share the port and the work. With 1, the server is one process, which uses about one core. auto starts one worker for each core that the server may use. docs/scaling.md says which limits hold for all workers together.',
    }),
    LOG_LEVEL: variable({
      parser: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
      default: 'info',
      description: 'The least severe level that is logged.',
    }),
    SHUTDOWN_TIMEOUT_MS: variable({
      parser: integer(0, 600_000),
      default: 5_000,
      description: 'How long running requests may take to finish when the server shuts down.',
    }),
  },
} satisfies Section;
