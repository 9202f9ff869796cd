import { buildSchema, parse, validate } from 'graphql';
import { expect, test } from 'vitest';
import { subscriptionRootRule } from '#server/documents/subscription-root-rule.js';

const SCHEMA = buildSchema('type Query { a: Int } type Subscription { a(x: Int): Int }');

const refusals = (query: string) =>
  validate(SCHEMA, parse(query), [subscriptionRootRule]).map(({ message }) => message);

test.each([
  'subscription { a @include(if: false) }',
  'subscription { a @skip(if: true) }',
  'subscription { ... @include(if: false) { a } }',
  'subscription { ...F @skip(if: true) } fragment F on Subscription { a }',
  'subscription { ...F } fragment F on Subscription { ...G } fragment G on Subscription { a @skip(if: true) }',
])('refuses a conditional root field: %s', (query) => {
  expect(refusals(query)).toEqual(['The root field of a subscription cannot have @skip or @include.']);
});

test.each([
  'subscription { a(x: 1) }',
  'subscription { ...F } fragment F on Subscription { ...F a }',
  '{ a @include(if: false) }',
])('allows everything else: %s', (query) => {
  expect(refusals(query)).toEqual([]);
});
