import { describe, expect, test } from 'vitest';
import { acceptedEncoding, type Offer, preferred } from '#server/http/accept.js';

const JSON_RESULT: Offer = { type: 'application/graphql-response+json', mustBeNamed: true };
const PLAIN_JSON: Offer = { type: 'application/json' };
const EVENTS: Offer = { type: 'text/event-stream' };
const PARTS: Offer = { type: 'multipart/mixed', parameter: 'subscriptionspec=1.0' };
const OFFERS = [JSON_RESULT, PLAIN_JSON, EVENTS, PARTS];

describe('the media type that an Accept header prefers', () => {
  test.each<[string | undefined, Offer | undefined]>([
    // Anything.
    [undefined, PLAIN_JSON],
    ['', PLAIN_JSON],
    [' ', PLAIN_JSON],
    ['*/*', PLAIN_JSON],
    ['*/*;q=0.1', PLAIN_JSON],
    // Named.
    ['text/event-stream', EVENTS],
    ['Text/Event-Stream', EVENTS],
    ['TEXT/EVENT-STREAM; CHARSET=UTF-8', EVENTS],
    ['text/event-stream;charset="utf-8"', EVENTS],
    ['text/event-stream;charset=latin1', undefined],
    ['application/graphql-response+json, application/json', JSON_RESULT],
    ['application/json, application/graphql-response+json', JSON_RESULT],
    ['application/graphql-response+json;q=0.9, application/json', PLAIN_JSON],
    // Wildcards.
    ['text/*', EVENTS],
    ['application/*', PLAIN_JSON],
    ['multipart/*', undefined],
    ['image/png', undefined],
    ['image/png, */*;q=0.1', PLAIN_JSON],
    ['*', undefined],
    // Qualities.
    ['text/event-stream;q=1.0, application/json;q=0.1', EVENTS],
    ['text/event-stream; Q=0.1, application/json; q=0.9', PLAIN_JSON],
    ['application/json;q=0, */*', EVENTS],
    ['application/json;q=0', undefined],
    ['*/*;q=0', undefined],
    ['text/*;q=0.9, text/event-stream;q=0, application/json;q=0.1', PLAIN_JSON],
    ['application/json;q=many, text/event-stream;q=0.1', EVENTS],
    ['application/json;q=2, text/event-stream;q=0.1', EVENTS],
    ['application/json;q=, text/event-stream;q=0.1', EVENTS],
    // Parameters.
    ['multipart/mixed', undefined],
    ['multipart/mixed;subscriptionSpec=1.0', PARTS],
    ['multipart/mixed;boundary="graphql";subscriptionSpec="1.0",application/json;q=0.9', PARTS],
    ['multipart/mixed; boundary="a,b;c"; SubscriptionSpec = 1.0', PARTS],
    ['multipart/mixed;deferSpec=20220824', undefined],
    // Nonsense.
    [',,;,', undefined],
    ['text/event-stream-but-not-really', undefined],
    ['"text/event-stream', undefined],
  ])('%s', (accept, offer) => {
    expect(preferred(accept, OFFERS)).toBe(offer);
  });

  test('is found quickly in a header of any length', () => {
    const startedAt = performance.now();
    for (const part of ['a/b,', ';', '"', '\\', '" ,', 'a/b;c="d",', '*/*;q=0,']) {
      preferred(part.repeat(16_384 / part.length), OFFERS);
    }
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});

test.each([
  ['br, gzip', 'br'],
  ['gzip', 'gzip'],
  ['GZIP;q=0.5', 'gzip'],
  ['br;q=0, gzip', 'gzip'],
  ['*', 'br'],
  ['*;q=0', undefined],
  ['identity', undefined],
  ['xbr', undefined],
  [undefined, undefined],
])('chooses the best encoding for %s: %s', (accept, encoding) => {
  expect(acceptedEncoding(accept, ['br', 'gzip'])).toBe(encoding);
});
