import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { mergeMetrics } from '#workers/merge-metrics.js';

/** The metrics of one process, as prom-client writes them. */
async function metricsOf(connections: number, room: string): Promise<string> {
  const registers = [new Registry()];
  new Gauge({ name: 'connections', help: 'Open connections.', registers }).set(connections);
  const sends = new Counter({ name: 'sends_total', help: 'Sends.', labelNames: ['room'], registers });
  sends.inc({ room }, 2);
  const delay = new Histogram({ name: 'delay_seconds', help: 'Delay.', buckets: [1], registers });
  delay.observe(connections);
  return registers[0]!.metrics();
}

describe('the metrics of several workers', () => {
  test('have a label for the worker, keep their values, and are described once', async () => {
    const merged = mergeMetrics(
      new Map([
        [1, await metricsOf(5, 'a')],
        [2, await metricsOf(0, 'b')],
      ]),
    );
    expect(merged.split('\n')).toEqual([
      '# HELP connections Open connections.',
      '# TYPE connections gauge',
      'connections{worker="1"} 5',
      'connections{worker="2"} 0',
      '# HELP sends_total Sends.',
      '# TYPE sends_total counter',
      'sends_total{worker="1",room="a"} 2',
      'sends_total{worker="2",room="b"} 2',
      '# HELP delay_seconds Delay.',
      '# TYPE delay_seconds histogram',
      'delay_seconds_bucket{worker="1",le="1"} 0',
      'delay_seconds_bucket{worker="1",le="+Inf"} 1',
      'delay_seconds_sum{worker="1"} 5',
      'delay_seconds_count{worker="1"} 1',
      'delay_seconds_bucket{worker="2",le="1"} 1',
      'delay_seconds_bucket{worker="2",le="+Inf"} 1',
      'delay_seconds_sum{worker="2"} 0',
      'delay_seconds_count{worker="2"} 1',
      '',
    ]);
  });

  test('keep label values with quotes, braces and spaces', async () => {
    const room = 'a "b",} {c} d';
    const own = (await metricsOf(1, room)).split('\n').find((line) => line.startsWith('sends_total'))!;
    const merged = mergeMetrics(new Map([[3, await metricsOf(1, room)]]));
    expect(merged).toContain(own.replace('sends_total{', 'sends_total{worker="3",'));
  });

  test('contain what only one of them has', async () => {
    const registers = [new Registry()];
    new Gauge({ name: 'only_here', help: 'Only here.', registers }).set(1);
    const merged = mergeMetrics(
      new Map([
        [1, ''],
        [2, await registers[0]!.metrics()],
      ]),
    );
    expect(merged).toBe('# HELP only_here Only here.\n# TYPE only_here gauge\nonly_here{worker="2"} 1\n');
  });
});
