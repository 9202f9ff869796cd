import type { Values } from './variables.js';
import { workersOf } from './workers.js';

/** A rule about several variables, each of which is valid on its own. */
export interface Rule {
  variables: readonly (keyof Values)[];
  isBroken(values: Values): boolean;
  message: string;
}

/** Lists of servers, instead of a URL. */
const LISTS = ['REDIS_CLUSTER_NODES', 'REDIS_SENTINELS'] as const;

function hasList(values: Values): boolean {
  return LISTS.some((name) => values[name] !== undefined);
}

/** In how many ways the settings say where Redis is. */
function placesOf(values: Values): number {
  return (['REDIS_URL', ...LISTS] as const).filter((name) => values[name] !== undefined).length;
}

/** How to find Redis, and how to log in to servers that no URL names. */
const REDIS_RULES: readonly Rule[] = [
  {
    variables: ['NODE_ENV', 'REDIS_URL', 'REDIS_CLUSTER_NODES', 'REDIS_SENTINELS'],
    isBroken: (values) => values.NODE_ENV === 'production' && placesOf(values) === 0,
    message:
      'REDIS_URL, REDIS_CLUSTER_NODES or REDIS_SENTINELS must be set in production, because the embedded Redis keeps nothing.',
  },
  {
    variables: ['REDIS_URL', 'REDIS_CLUSTER_NODES', 'REDIS_SENTINELS'],
    isBroken: (values) => placesOf(values) > 1,
    message: 'REDIS_URL, REDIS_CLUSTER_NODES and REDIS_SENTINELS exclude each other: set only one of them.',
  },
  {
    variables: [...LISTS, 'REDIS_NAT_MAP'],
    isBroken: (values) => !hasList(values) && values.REDIS_NAT_MAP !== undefined,
    message: 'REDIS_CLUSTER_NODES or REDIS_SENTINELS must be set if REDIS_NAT_MAP is set.',
  },
  {
    variables: ['REDIS_CLUSTER_NODES', 'REDIS_DATABASE'],
    isBroken: ({ REDIS_CLUSTER_NODES, REDIS_DATABASE = 0 }) =>
      REDIS_CLUSTER_NODES !== undefined && REDIS_DATABASE !== 0,
    message:
      'REDIS_DATABASE must be 0 or empty if REDIS_CLUSTER_NODES is set: a Cluster has no other database.',
  },
  {
    variables: ['REDIS_SENTINELS', 'REDIS_SENTINEL_NAME'],
    isBroken: ({ REDIS_SENTINELS, REDIS_SENTINEL_NAME }) =>
      REDIS_SENTINELS !== undefined && REDIS_SENTINEL_NAME === undefined,
    message: 'REDIS_SENTINEL_NAME must be set if REDIS_SENTINELS is set.',
  },
  {
    variables: [
      'REDIS_SENTINELS',
      'REDIS_SENTINEL_NAME',
      'REDIS_SENTINEL_USERNAME',
      'REDIS_SENTINEL_PASSWORD',
    ],
    isBroken: (values) =>
      values.REDIS_SENTINELS === undefined &&
      (values.REDIS_SENTINEL_NAME ?? values.REDIS_SENTINEL_USERNAME ?? values.REDIS_SENTINEL_PASSWORD) !==
        undefined,
    message:
      'REDIS_SENTINELS must be set if REDIS_SENTINEL_NAME, REDIS_SENTINEL_USERNAME or REDIS_SENTINEL_PASSWORD is set.',
  },
  {
    variables: ['REDIS_SENTINEL_USERNAME', 'REDIS_SENTINEL_PASSWORD'],
    isBroken: ({ REDIS_SENTINEL_USERNAME, REDIS_SENTINEL_PASSWORD }) =>
      REDIS_SENTINEL_USERNAME !== undefined && REDIS_SENTINEL_PASSWORD === undefined,
    message: 'REDIS_SENTINEL_PASSWORD must be set if REDIS_SENTINEL_USERNAME is set.',
  },
  {
    variables: ['REDIS_USERNAME', 'REDIS_PASSWORD'],
    isBroken: ({ REDIS_USERNAME, REDIS_PASSWORD }) =>
      REDIS_USERNAME !== undefined && REDIS_PASSWORD === undefined,
    message: 'REDIS_PASSWORD must be set if REDIS_USERNAME is set.',
  },
  {
    variables: [...LISTS, 'REDIS_USERNAME', 'REDIS_PASSWORD', 'REDIS_DATABASE', 'REDIS_TLS'],
    isBroken: (values) =>
      !hasList(values) &&
      (values.REDIS_USERNAME ?? values.REDIS_PASSWORD ?? values.REDIS_DATABASE ?? values.REDIS_TLS) !==
        undefined,
    message:
      'REDIS_USERNAME, REDIS_PASSWORD, REDIS_DATABASE and REDIS_TLS need REDIS_CLUSTER_NODES or REDIS_SENTINELS: without them, write them into REDIS_URL.',
  },
  {
    variables: [...LISTS, 'HISTORY_READS'],
    isBroken: (values) => !hasList(values) && values.HISTORY_READS === 'replicas',
    message:
      'HISTORY_READS=replicas needs REDIS_CLUSTER_NODES or REDIS_SENTINELS, because a single address names no replicas: set one of them, or HISTORY_READS=primary.',
  },
  {
    // Otherwise the operator believes that the connections are encrypted.
    variables: [...LISTS, 'REDIS_TLS', 'REDIS_TLS_CA', 'REDIS_TLS_CERT', 'REDIS_TLS_KEY'],
    isBroken: (values) =>
      hasList(values) &&
      (values.REDIS_TLS ?? 'none') === 'none' &&
      (values.REDIS_TLS_CA ?? values.REDIS_TLS_CERT ?? values.REDIS_TLS_KEY) !== undefined,
    message:
      'REDIS_TLS must be servers or all if REDIS_TLS_CA, REDIS_TLS_CERT or REDIS_TLS_KEY is set with REDIS_CLUSTER_NODES or REDIS_SENTINELS.',
  },
];

/** The longest NODE_ID if each worker appends its number, such as `-64`. A worker's name in Redis has at most 64 characters. */
const MAX_SHARED_NAME = 61;

/** All rules, in the order in which their messages are shown. */
export const RULES: readonly Rule[] = [
  ...REDIS_RULES,
  {
    variables: ['NODE_ID', 'WORKERS'],
    isBroken: ({ NODE_ID = '', WORKERS }) => workersOf(WORKERS) > 1 && NODE_ID.length > MAX_SHARED_NAME,
    message: `NODE_ID must have at most ${MAX_SHARED_NAME} characters if there are several WORKERS, because each adds its number.`,
  },
  {
    variables: ['REQUIRE_TRUSTED_DOCUMENTS', 'TRUSTED_DOCUMENTS'],
    isBroken: (values) => values.REQUIRE_TRUSTED_DOCUMENTS && values.TRUSTED_DOCUMENTS === undefined,
    message: 'TRUSTED_DOCUMENTS must name a manifest if REQUIRE_TRUSTED_DOCUMENTS is true.',
  },
  {
    variables: ['JWT_SECRET', 'JWT_JWKS_URL'],
    isBroken: ({ JWT_SECRET, JWT_JWKS_URL }) => JWT_SECRET !== undefined && JWT_JWKS_URL !== undefined,
    message: 'JWT_SECRET and JWT_JWKS_URL exclude each other: set only one of them.',
  },
  {
    // Without them, a token that was issued for another service would be accepted here.
    variables: ['JWT_SECRET', 'JWT_JWKS_URL', 'JWT_ISSUER', 'JWT_AUDIENCE'],
    isBroken: ({ JWT_SECRET, JWT_JWKS_URL, JWT_ISSUER, JWT_AUDIENCE }) =>
      (JWT_SECRET !== undefined || JWT_JWKS_URL !== undefined) &&
      (JWT_ISSUER === undefined || JWT_AUDIENCE === undefined),
    message: 'JWT_ISSUER and JWT_AUDIENCE must be set if JWT_SECRET or JWT_JWKS_URL is set.',
  },
];
