import { z } from 'zod';

/** Worker processes that one server may have. */
const MAX_WORKERS = 64;

/** Parses the text of a variable. */
export interface Parser<T> {
  /** The accepted format, as a phrase that completes "PORT must be …". */
  readonly form: string;
  readonly schema: z.ZodType<T>;
}

/** An integer in decimal digits, within inclusive bounds. */
export function integer(least: number, most: number): Parser<number> {
  return {
    form: `an integer between ${least} and ${most}`,
    schema: z
      .string()
      .regex(/^\d+$/)
      .transform(Number)
      .refine((value) => value >= least && value <= most),
  };
}

/** `true` or `false`; `1` and `0` mean the same. */
export const flag: Parser<boolean> = {
  form: 'true or false',
  schema: z.enum(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1'),
};

/** One of these words, case-sensitive. */
export function oneOf<const T extends string>(...words: T[]): Parser<T> {
  const list = new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(words);
  return { form: list, schema: z.enum<T[]>(words) };
}

/** Any text. `form` says what it is, such as "a file path". */
export function text(form: string): Parser<string> {
  return { form, schema: z.string() };
}

/** How many processes share the work: a number, or `auto`. */
export const workerCount: Parser<'auto' | number> = {
  form: `auto or ${integer(1, MAX_WORKERS).form}`,
  schema: z.union([z.literal('auto'), integer(1, MAX_WORKERS).schema]),
};

/** Text of at least this many characters. */
export function longText(least: number): Parser<string> {
  return { form: `at least ${least} characters`, schema: z.string().min(least) };
}

/** A name that is safe in a Redis key: 1 to 64 letters, digits, `_`, `-` and `.`. */
export const keyName: Parser<string> = {
  form: '1 to 64 letters, digits, "_", "-" or "."',
  schema: z.string().regex(/^[\w.-]{1,64}$/),
};

/** The URL of a Redis server, over TCP or TLS. */
export const redisUrl: Parser<string> = {
  form: 'a URL that begins with redis:// or rediss://',
  schema: z.url({ protocol: /^rediss?$/, hostname: /./ }),
};

/** Where a server listens. An IPv6 address is without brackets. */
export interface Address {
  host: string;
  port: number;
}

/** `host:port`, with an IPv6 address in brackets. The host is a name or an address. Undefined if it is no address. */
function parseAddress(text: string): Address | undefined {
  const [, ipv6, name, digits] = /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(text.trim()) ?? [];
  const [host, port] = [ipv6 ?? name, Number(digits)];
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

/** Items that are separated by commas. `parse` returns undefined for an invalid one. */
function listOf<T>(parse: (item: string) => T | undefined): z.ZodType<T[]> {
  return z.string().transform((list, context) => {
    // Repeated ones count once.
    const items = [...new Set(list.split(',').map((item) => item.trim()))].map(parse);
    if (items.every((item) => item !== undefined)) return items;
    context.addIssue({ code: 'custom' });
    return z.NEVER;
  });
}

/** Addresses of servers, separated by commas. There is at least one. */
export const addresses: Parser<Address[]> = {
  form: 'a comma-separated list of host:port',
  schema: listOf(parseAddress),
};

/** Pairs of addresses, separated by commas. */
export const addressPairs: Parser<[from: Address, to: Address][]> = {
  form: 'a comma-separated list of host:port=host:port',
  schema: listOf((item) => {
    const [from, to, ...rest] = item.split('=').map(parseAddress);
    return from && to && rest.length === 0 ? [from, to] : undefined;
  }),
};

/** The URL of an HTTP server, with or without TLS. */
export const httpUrl: Parser<string> = {
  form: 'a URL that begins with http:// or https://',
  schema: z.url({ protocol: /^https?$/ }),
};

const LOOPBACK_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * An HTTPS URL, for data that must not be tampered with in
 * transit. Plain HTTP is accepted for the local machine only.
 */
export const secureUrl: Parser<string> = {
  form: 'a URL that begins with https://',
  schema: z
    .url({ protocol: /^https?$/ })
    .refine((url) => url.startsWith('https:') || LOOPBACK_HOST.test(hostOf(url))),
};

/**
 * Origins in the format of browsers, optionally with a wildcard for subdomains, separated by commas; or `*`.
 */
export const originList: Parser<string[]> = {
  form: 'origins such as https://example.com or https://*.example.com, separated by commas, or *',
  schema: z
    .string()
    .transform((list) => list.split(',').map((origin) => origin.trim()))
    .refine((origins) => origins.every((origin) => origin === '*' || isOrigin(origin))),
};

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}

function isOrigin(candidate: string): boolean {
  const example = candidate.replace('://*.', '://any.');
  return !example.includes('*') && URL.canParse(example) && new URL(example).origin === example;
}
