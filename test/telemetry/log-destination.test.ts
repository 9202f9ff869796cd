import { createWriteStream, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Writable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LogDestination } from '#telemetry/log-destination.js';
import { until } from '#test/support/until.js';

const LINE = `${'x'.repeat(999)}\n`;

function destinationOn(open: () => Writable) {
  const recovered: number[] = [];
  const destination = new LogDestination({ open, onRecovered: (dropped) => recovered.push(dropped) });
  onTestFinished(() => destination.close());
  return { destination, recovered };
}

async function directory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'streamly-test-log-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

describe('a log destination', () => {
  test('writes every line, and the remaining ones when it closes', async () => {
    const file = join(await directory(), 'log');
    const { destination } = destinationOn(() => createWriteStream(file));
    for (let number = 0; number < 100; number += 1) destination.write(`${number}\n`);
    await destination.close();
    await destination.close();
    expect(await readFile(file, 'utf8')).toBe(Array.from({ length: 100 }, (_, n) => `${n}\n`).join(''));
    expect(destination.dropped).toBe(0);
  });

  test.runIf(process.platform === 'linux')('drops and counts lines while the disk is full', async () => {
    const { destination } = destinationOn(() => createWriteStream('', { fd: openSync('/dev/full', 'w') }));
    const write = () => {
      destination.write(LINE);
      return destination.dropped >= 10;
    };
    await until(write, { what: 'lines to be dropped' });
    await destination.close();
  });

  test('drops and counts lines while nobody reads, and reports the count on recovery', async () => {
    const reader = new PassThrough();
    const { destination, recovered } = destinationOn(() => reader);
    for (let number = 0; number < 3_000; number += 1) destination.write(LINE);
    const { dropped } = destination;
    expect(dropped).toBeGreaterThan(0);
    reader.resume();
    await until(() => recovered.length > 0, { what: 'the number of dropped lines' });
    expect(recovered).toEqual([dropped]);
  });

  test('reopens the stream after it failed', async () => {
    const streams: PassThrough[] = [];
    const { destination } = destinationOn(() => {
      streams.push(new PassThrough());
      return streams.at(-1)!;
    });
    destination.write(LINE);
    streams[0]!.destroy(new Error('gone'));
    const write = () => {
      destination.write(LINE);
      return streams.length === 2;
    };
    await until(write, { what: 'a second stream' });
  });
});
