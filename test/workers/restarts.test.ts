import { describe, expect, test } from 'vitest';
import { type Death, type Reaction, reactionTo } from '#workers/restarts.js';

const HOUR = 3_600_000;
const replace = (afterMs: number, youngDeaths: number): Reaction => ({
  kind: 'replace',
  afterMs,
  youngDeaths,
});

describe('when a worker ends', () => {
  test.each<[string, Death, Reaction]>([
    [
      'the server does not start if it had not been ready',
      { phase: 'starting', wasReady: false, livedMs: 300, youngDeaths: 0 },
      { kind: 'give up' },
    ],
    [
      'it is replaced at once if others are still starting',
      { phase: 'starting', wasReady: true, livedMs: 300, youngDeaths: 0 },
      replace(0, 1),
    ],
    [
      'it is replaced at once',
      { phase: 'running', wasReady: true, livedMs: HOUR, youngDeaths: 0 },
      replace(0, 0),
    ],
    [
      'it is replaced at once even if it dies young, the first time',
      { phase: 'running', wasReady: true, livedMs: 500, youngDeaths: 0 },
      replace(0, 1),
    ],
    [
      'its replacement waits if it died young again',
      { phase: 'running', wasReady: true, livedMs: 500, youngDeaths: 1 },
      replace(1_000, 2),
    ],
    [
      'each further replacement waits twice as long',
      { phase: 'running', wasReady: true, livedMs: 500, youngDeaths: 3 },
      replace(4_000, 4),
    ],
    [
      'a replacement waits half a minute at most',
      { phase: 'running', wasReady: false, livedMs: 500, youngDeaths: 1_000 },
      replace(30_000, 1_001),
    ],
    [
      'a replacement that takes long to fail waits too',
      { phase: 'running', wasReady: false, livedMs: HOUR, youngDeaths: 1 },
      replace(1_000, 2),
    ],
    [
      'it is replaced at once if it had lived long after young deaths',
      { phase: 'running', wasReady: true, livedMs: HOUR, youngDeaths: 5 },
      replace(0, 0),
    ],
    [
      'nothing replaces it if the server shuts down',
      { phase: 'stopping', wasReady: true, livedMs: HOUR, youngDeaths: 0 },
      { kind: 'ignore' },
    ],
  ])('%s', (_what, death, reaction) => {
    expect(reactionTo(death)).toEqual(reaction);
  });
});
