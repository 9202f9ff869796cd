import { type Section, variable } from '#config/declaration.js';
import { integer, oneOf, redisUrl, text } from '#config/parsers.js';

export const redis = {
  title: 'Redis',
  variables: {
    REDIS_URL: variable({
      parser: redisUrl,
      secret: true,
      description:
        'The address of Redis, with user, password and database if needed: redis://user:password@host:6379/0. rediss:// uses TLS. If empty, a private Redis is started, which keeps nothing.',
    }),
    REDIS_TIMEOUT_MS: variable({
      parser: integer(50, 60_000),
      default: 2_000,
      description:
        'How long Redis may take to answer. After that, the operation fails with SERVICE_UNAVAILABLE.',
    }),
    REDIS_TLS_CA: variable({
      parser: text('a file path'),
      description: 'Certificates to trust for rediss://. If empty, those that Node.js trusts.',
    }),
    REDIS_TLS_CERT: variable({
      parser: text('a file path'),
      description: "This server's own certificate, if Redis asks for one.",
    }),
    REDIS_TLS_KEY: variable({
      parser: text('a file path'),
      description: 'The private key of that certificate.',
    }),
    DURABILITY: variable({
      parser: oneOf('primary', 'replicated'),
      default: 'primary',
      description:
        'When to acknowledge a message: once the primary has stored it, or once a replica has a copy too.',
    }),
  },
} satisfies Section;
