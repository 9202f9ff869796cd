import { describe, expect, test } from 'vitest';
import { WebSocketFraming, WebSocketFramings } from '#server/websocket/framing.js';
import { Wire } from '#test/fanout/delivery/receivers.js';
import { textsOf } from './frames.js';

const id = 'an-id';
const textOf = (payload: string, operationId = id) =>
  `{"id":${JSON.stringify(operationId)},"type":"next","payload":${payload}}`;
const AROUND = textOf('').length;

/** The frames of one operation for these payloads. */
function written(payloads: readonly string[], operationId = id): Buffer {
  const wire = new Wire(false);
  const idLength = Buffer.byteLength(JSON.stringify(operationId)) - 2;
  const frames = new WebSocketFraming(idLength).encode(payloads.map((payload) => Buffer.from(payload)));
  frames.writeTo(wire, JSON.stringify(operationId).slice(1, -1));
  return Buffer.concat(wire.taken);
}

describe('a frame', () => {
  test.each([
    [125, [0x81, 125]],
    [126, [0x81, 126, 0, 126]],
    [127, [0x81, 126, 0, 127]],
    [65_535, [0x81, 126, 0xff, 0xff]],
    [65_536, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]],
    [65_537, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 1]],
  ])('of %i bytes encodes its length in the shortest form', (size, header) => {
    const payload = `"${'x'.repeat(size - AROUND - 2)}"`;
    const bytes = written([payload]);
    expect([...bytes.subarray(0, header.length)]).toEqual(header);
    expect(bytes.length).toBe(header.length + size);
    expect(textsOf(bytes)).toEqual([textOf(payload)]);
  });

  test('directly follows the one before it, whatever their lengths', () => {
    const sizes = [0, 300, 64, 65_535 - AROUND, 1, 65_536 - AROUND, 125 - AROUND, 126 - AROUND];
    const payloads = sizes.map((size) => 'y'.repeat(size));
    expect(textsOf(written(payloads))).toEqual(payloads.map((payload) => textOf(payload)));
  });

  test.each(['1', '"quoted"', 'back\\slash', 'ünïcode', '😀', '\u0000\n', '\ud800', 'x'.repeat(300)])(
    'encodes the id as JSON: %j',
    (operationId) => {
      expect(textsOf(written(['1'], operationId))).toEqual([textOf('1', operationId)]);
    },
  );
});

describe('frames that several operations share', () => {
  test('have the right id for each operation, even if a socket buffers them', async () => {
    const ids = ['aaaaa', 'bbbbb', 'ccccc', 'ddddd'];
    const wires = ids.map((_, index) => new Wire(index % 2 === 0));
    const frames = new WebSocketFraming(5).encode([Buffer.from('1'), Buffer.from('22')]);
    for (const [index, each] of ids.entries()) frames.writeTo(wires[index]!, each);
    await Promise.all(wires.map((wire) => new Promise((resolve) => wire.end(resolve))));
    for (const [index, each] of ids.entries()) {
      expect(textsOf(Buffer.concat(wires[index]!.taken))).toEqual([textOf('1', each), textOf('22', each)]);
    }
  });

  test('are built by one framing per length of id', () => {
    const framings = new WebSocketFramings();
    expect(framings.forIdOf(5)).toBe(framings.forIdOf(5));
    expect(framings.forIdOf(5).key).not.toBe(framings.forIdOf(6).key);
  });
});
