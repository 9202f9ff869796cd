import { expect, test } from 'vitest';
import { choosePrimary, type Report } from '#redis/client/sentinel/choose.js';

const NOW = 100_000;
/** What a Sentinel said about the primary, and how long ago. */
const report = (host: string, epoch: number, agoMs = 0): Report => ({
  host,
  port: 6379,
  epoch,
  at: NOW - agoMs,
  replicas: [],
});
const LONG = 60_000;

test.each<[string, (Report | undefined)[], string | undefined]>([
  ['no Sentinel has answered', [undefined, undefined], undefined],
  ['one of three has answered', [undefined, report('a', 0), undefined], 'a'],
  ['all agree', [report('a', 1), report('a', 1), report('a', 1)], 'a'],
  ['only one knows of the failover yet', [report('old', 1), report('new', 2), report('old', 1)], 'new'],
  [
    'the one that knew has just gone away',
    [report('old', 1), report('new', 2, 5_000), report('old', 1)],
    'new',
  ],
  [
    'the only one that answers is behind',
    [report('old', 1), report('new', 2, LONG), report('new', 2, LONG)],
    'new',
  ],
  ['most were set up anew while one is away', [report('a', 0), report('a', 0), report('old', 7, LONG)], 'a'],
  ['all are away', [report('old', 1, LONG), report('new', 2, LONG)], 'new'],
  ['they were set up differently', [report('b', 0), report('a', 0), report('a', 0)], 'a'],
  ['they were set up differently, one each', [report('b', 0), report('a', 0)], 'b'],
])('%s', (_when, reports, expected) => {
  expect(choosePrimary(reports, NOW)?.host).toBe(expected);
});
