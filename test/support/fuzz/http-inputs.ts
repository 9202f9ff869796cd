/** Random HTTP requests. */
import { broken, brokenBytes, type Operation, operation, withHugePart } from './operations.js';
import type { Seeded } from './seeded.js';

/** One input. */
export interface HttpInput {
  bytes: Buffer;
  /** Whether its answer is a stream, which does not end and lets no other answer follow. */
  isStream: boolean;
}

/** A request that is not written yet. */
interface Request {
  method: string;
  target: string;
  version: string;
  headers: [name: string, value: string][];
  body: Buffer;
  isStream: boolean;
}

const STREAMS = [
  'text/event-stream',
  'multipart/mixed;subscriptionSpec=1.0, application/json',
  'multipart/mixed;subscriptionSpec="1.0"',
];
const SINGLES = [
  'application/json',
  'application/graphql-response+json',
  '*/*',
  '*/*;q=0.5, text/html;q=0.1',
];

/** Values for each header that the server reads. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  Host: ['', 'x', 'chat.example:443', 'a b', '[::1', 'x/../y', 'chat.example, x', '@', 'x:99999', '%00'],
  Origin: [
    'null',
    '',
    'http://chat.example',
    'https://evil.example',
    'http://localhost:1',
    'http://[',
    'x',
    'file://',
  ],
  Accept: [
    ...STREAMS,
    ...SINGLES,
    '',
    ';',
    ',,,',
    '*/*;q=2',
    'text/html',
    'a/b',
    `${'a/b;"'.repeat(50)}`,
    'x;q=',
  ],
  'Accept-Encoding': ['gzip', 'br;q=1, *;q=0', 'identity', ';q=', '*'],
  'Content-Type': [
    'application/json',
    'application/json; charset=utf-16',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'multipart/form-data',
    'application/graphql',
    'application/graphql+json',
    'text/plain',
    'Application/JSON ;',
    'json',
    '',
    ';;=',
  ],
  'Content-Length': [
    '0',
    '1',
    '10',
    '90000000',
    '-1',
    '+5',
    '5, 5',
    '5, 6',
    '0x10',
    '1e3',
    '',
    'x',
    '9'.repeat(30),
  ],
  'Transfer-Encoding': [
    'chunked',
    'identity',
    'gzip, chunked',
    'chunked, chunked',
    'chunked;x',
    'xchunked',
    '',
  ],
  Upgrade: ['websocket', 'WebSocket', 'h2c', 'x', '', 'websocket, h2c'],
  Connection: ['close', 'keep-alive', 'Upgrade', 'upgrade, close', 'Host', '', ',', 'Transfer-Encoding'],
  'X-Forwarded-For': [
    '',
    'x',
    ',,',
    '1.2.3.4:5',
    '[::1]:80',
    '::ffff:1.2.3.4',
    '2001:db8::1%eth0',
    '999.1.1.1',
    '1, 2',
  ],
  Authorization: [
    'Bearer x',
    'Bearer ',
    'Bearer a.b.c',
    'Basic eDp5',
    'bearer',
    '',
    `Bearer ${'x'.repeat(5_000)}`,
  ],
  'Sec-WebSocket-Key': ['c3RyZWFtbHktY2hhdC0xNg==', 'x', ''],
  'Sec-WebSocket-Version': ['13', '8', 'x'],
  'Sec-WebSocket-Protocol': ['graphql-transport-ws', 'graphql-ws', 'a, a', ','],
  'Last-Event-ID': ['0', '1-1', 'x', '9999999999999-0', '\xff'],
  Expect: ['100-continue', 'x'],
  'Access-Control-Request-Method': ['POST', 'x'],
  Cookie: ['a=b', ';'],
};
const METHODS = [
  'GET',
  'POST',
  'OPTIONS',
  'HEAD',
  'PUT',
  'DELETE',
  'PATCH',
  'TRACE',
  'M-SEARCH',
  'CONNECT',
  'get',
  'X',
  '',
];
const TARGETS = [
  '/graphql',
  '/graphql?',
  '/graphql/',
  '/graphql?query=%',
  '/graphql?query=%ff',
  '/graphql?query={__typename}&variables={',
  '/graphql?query={__typename}&extensions=[]',
  '/graphql?query=%7B__typename%7D&query=%7B__typename%7D',
  '//graphql',
  '//',
  '/../graphql',
  'http://chat.example/graphql',
  'http://[/graphql',
  '*',
  '/%00',
  '/#',
  `/graphql?${'a'.repeat(17_000)}`,
];
const OTHER_TARGETS = [
  '/',
  '/health/live',
  '/health/ready',
  '/metrics',
  '/index.html',
  '/favicon.ico',
  '/nothing',
];

function graphqlRequest(random: Seeded): Request {
  const isStream = random.chance(0.03);
  const params = operation(random, { subscribes: isStream ? 0.95 : 0.02, long: 4 });
  const accept = random.of(isStream ? STREAMS : SINGLES);
  const headers: Request['headers'] = [['Accept', accept]];
  if (random.chance(0.25)) {
    return {
      method: 'GET',
      target: targetOf(params),
      version: '1.1',
      headers,
      body: Buffer.alloc(0),
      isStream,
    };
  }
  headers.push(['Content-Type', 'application/json']);
  const body = Buffer.from(JSON.stringify(params));
  return { method: 'POST', target: '/graphql', version: '1.1', headers, body, isStream };
}

function targetOf(params: Operation): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined) search.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  return `/graphql?${search}`;
}

function upgradeRequest(): Request {
  const headers: Request['headers'] = [
    'Upgrade',
    'Connection',
    'Sec-WebSocket-Key',
    'Sec-WebSocket-Version',
  ].map((name) => [name, name === 'Connection' ? 'Upgrade' : VALUES[name]![0]!]);
  headers.push(['Sec-WebSocket-Protocol', 'graphql-transport-ws']);
  const rest = { method: 'GET', target: '/graphql', version: '1.1', body: Buffer.alloc(0) };
  // What follows on the connection is no HTTP any more.
  return { ...rest, headers, isStream: true };
}

function otherRequest(random: Seeded): Request {
  const method = random.of(['GET', 'HEAD', 'OPTIONS']);
  const target = random.of(OTHER_TARGETS);
  return { method, target, version: '1.1', headers: [], body: Buffer.alloc(0), isStream: false };
}

/** Breaks one part of a request before it is written. */
function breakRequest(random: Seeded, request: Request): void {
  const { headers, body } = request;
  const name = random.of(Object.keys(VALUES));
  const given = headers.findIndex(([each]) => each === name);
  const value = () => random.of(VALUES[name]!);
  random.choose<unknown>(
    [6, () => headers.splice(given < 0 ? headers.length : given, 1, [name, value()])],
    [2, () => headers.push([name, value()])],
    [1, () => headers.splice(random.below(headers.length), 1)],
    [1, () => headers.push([name, random.bytes(random.below(20)).toString('latin1')])],
    [1, () => (request.method = random.of(METHODS))],
    [2, () => (request.target = random.of(TARGETS))],
    [1, () => (request.target = brokenBytes(random, Buffer.from(request.target)).toString('latin1'))],
    [1, () => (request.version = random.of(['1.0', '0.9', '2.0', '1.1.1', 'x', '']))],
    [6, () => (request.body = brokenBody(random, body))],
  );
}

function brokenBody(random: Seeded, body: Buffer): Buffer {
  const params = operation(random);
  return random.choose(
    [3, () => brokenBytes(random, body)],
    [3, () => Buffer.from(JSON.stringify(broken(random, params)) ?? '')],
    [1, () => Buffer.from(JSON.stringify([params, params]))],
    [1, () => Buffer.from(withHugePart(random, params, random.chance(0.9) ? 5_000 : 80_000))],
    [1, () => Buffer.from(`\ufeff${body}`)],
    [1, () => Buffer.from(body.toString(), 'utf16le')],
  );
}

/** Writes a body in chunks: one, a few random ones, or one byte each. The sizes may be wrong. */
function chunked(random: Seeded, body: Buffer): Buffer {
  const pieces = random.choose<Buffer[]>(
    [2, () => [body]],
    [4, () => random.cut(body, random.between(2, 12))],
    [1, () => [...Array.from(body.subarray(0, 300), (byte) => Buffer.of(byte)), body.subarray(300)]],
  );
  // An empty chunk would be the last.
  const chunks = pieces.filter((piece) => piece.length > 0);
  const wrong = random.chance(0.06) ? random.below(chunks.length) : -1;
  const written = chunks.flatMap((piece, index) => {
    const size =
      index === wrong
        ? random.of(['', 'x', '-1', 'ffffffffff', '0', `${piece.length + 1}`, '0x5'])
        : piece.length.toString(16);
    const extension = random.chance(0.02) ? random.of([';a=b', ';', ' ', ';"']) : '';
    return [Buffer.from(`${size}${extension}\r\n`), piece, Buffer.from('\r\n')];
  });
  const trailer = random.chance(0.05) ? random.of(['X: y\r\n', 'Content-Length: 5\r\n', 'x\r\n']) : '';
  return Buffer.concat([...written, Buffer.from(`0\r\n${trailer}\r\n`)]);
}

function write(random: Seeded, request: Request): Buffer {
  const { method, target, version, headers, body } = request;
  const isChunked = body.length > 0 && random.chance(0.3);
  const names = headers.map(([name]) => name);
  if (isChunked) headers.push(['Transfer-Encoding', 'chunked']);
  else if (body.length > 0 && !names.includes('Content-Length'))
    headers.push(['Content-Length', `${body.length}`]);
  const lines = [
    `${method} ${target} HTTP/${version}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  // An end of line in a value that was broken is sent as it is.
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return Buffer.concat([head, isChunked ? chunked(random, body) : body]);
}

/** A request, usually valid. The rest is broken in one to three parts, or in its bytes. */
export function httpInput(random: Seeded, address: string): HttpInput {
  const request = random.choose(
    [90, () => graphqlRequest(random)],
    [7, () => otherRequest(random)],
    [1, () => upgradeRequest()],
  );
  if (!random.chance(0.03)) request.headers.unshift(['X-Forwarded-For', address]);
  request.headers.unshift(['Host', 'chat.example']);
  if (random.chance(0.2)) {
    for (let count = random.between(1, 3); count > 0; count -= 1) breakRequest(random, request);
  }
  const bytes = write(random, request);
  return { bytes: random.chance(0.02) ? brokenBytes(random, bytes) : bytes, isStream: request.isStream };
}
