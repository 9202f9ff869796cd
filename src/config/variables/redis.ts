import { type Section, variable } from '#config/declaration.js';
import { addresses, addressPairs, integer, oneOf, redisUrl, text } from '#config/parsers.js';

export const redis = {
  title: 'Redis',
  variables: {
    REDIS_URL: variable({
      parser: redisUrl,
      secret: true,
      description:
        'The address of Redis, with user, password and database if needed: redis://user:password@host:6379/0. rediss:// uses TLS. If this, REDIS_CLUSTER_NODES and REDIS_SENTINELS are empty, a private Redis is started, which keeps nothing.',
    }),
    REDIS_CLUSTER_NODES: variable({
      parser: addresses,
      description:
        'Some nodes of a Redis Cluster, instead of REDIS_URL: host1:6379,host2:6379,host3:6379. One that answers is enough, because it names all others.',
    }),
    REDIS_NAT_MAP: variable({
      parser: addressPairs,
      description:
        'If a Cluster or Sentinels announce addresses of servers that cannot be reached from here: each with the one to use instead, as in 10.0.0.1:6379=redis.example.com:7001,10.0.0.2:6379=redis.example.com:7002.',
    }),
    REDIS_SENTINELS: variable({
      parser: addresses,
      description:
        'The Sentinels that know which server is the primary, instead of REDIS_URL: host1:26379,host2:26379,host3:26379. Name all of them.',
    }),
    REDIS_SENTINEL_NAME: variable({
      parser: text('the name in "sentinel monitor <name>"'),
      description: 'The name of the primary in the configuration of the Sentinels.',
    }),
    REDIS_SENTINEL_USERNAME: variable({
      parser: text('a user name'),
      description: 'The user for the Sentinels, if they have users.',
    }),
    REDIS_SENTINEL_PASSWORD: variable({
      parser: text('any text'),
      secret: true,
      description: 'The password for the Sentinels, if they ask for one.',
    }),
    REDIS_USERNAME: variable({
      parser: text('a user name'),
      description:
        'The user for the Redis servers of REDIS_CLUSTER_NODES or REDIS_SENTINELS. With REDIS_URL, write it into the URL.',
    }),
    REDIS_PASSWORD: variable({
      parser: text('any text'),
      secret: true,
      description: 'The password for these servers. With REDIS_URL, write it into the URL.',
    }),
    REDIS_DATABASE: variable({
      parser: integer(0, 65_535),
      description:
        'The number of the database on these servers. If empty, 0. A Cluster has no other. With REDIS_URL, write it into the URL.',
    }),
    REDIS_TLS: variable({
      parser: oneOf('none', 'servers', 'all'),
      description:
        'Which connections use TLS: none, those to these servers, or those to the Sentinels too. If empty, none. With REDIS_URL, write rediss:// instead.',
    }),
    REDIS_TIMEOUT_MS: variable({
      parser: integer(50, 60_000),
      default: 2_000,
      description:
        'How long Redis may take to answer. After that, the operation fails with SERVICE_UNAVAILABLE.',
    }),
    REDIS_TLS_CA: variable({
      parser: text('a file path'),
      description: 'Certificates to trust for rediss:// and REDIS_TLS. If empty, those that Node.js trusts.',
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
    HISTORY_READS: variable({
      parser: oneOf('primary', 'replicas'),
      default: 'primary',
      description:
        'Where to read older messages that viewers of a room scroll back to: from the primary, or from replicas that have at least what this server has seen. Needs REDIS_CLUSTER_NODES or REDIS_SENTINELS, which name the replicas.',
    }),
  },
} satisfies Section;
