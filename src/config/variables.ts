import { delivery } from '#config/variables/delivery.js';
import { identity } from '#config/variables/identity.js';
import { messages } from '#config/variables/messages.js';
import { protection } from '#config/variables/protection.js';
import { rateLimits } from '#config/variables/rate-limits.js';
import { redis } from '#config/variables/redis.js';
import { requestLimits } from '#config/variables/request-limits.js';
import { server } from '#config/variables/server.js';
import { telemetry } from '#config/variables/telemetry.js';
import type { Section, ValuesOf } from './declaration.js';

/** All variables that the server reads, in the order of `.env.example`. */
export const SECTIONS = [
  server,
  redis,
  messages,
  identity,
  rateLimits,
  requestLimits,
  delivery,
  protection,
  telemetry,
] as const satisfies readonly Section[];

type AllValues<Sections> = Sections extends readonly [infer First extends Section, ...infer Rest]
  ? ValuesOf<First['variables']> & AllValues<Rest>
  : unknown;

/** The values of all variables, by name. */
export type Values = AllValues<typeof SECTIONS>;
