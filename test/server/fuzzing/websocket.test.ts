/** Random and mutated WebSocket messages. CONTRIBUTING.md says how to run more of them, or one of them again. */
import { test } from 'vitest';
import { type Attempt, planFor } from '#test/support/fuzz/campaign.js';
import { FuzzConnection } from '#test/support/fuzz/connection.js';
import { addressFor } from '#test/support/fuzz/node.js';
import { frame, webSocketInput } from '#test/support/fuzz/websocket-inputs.js';
import { upgradeHead } from '#test/support/raw-tcp.js';
import { expectToSurvive } from './survives.js';

const plan = planFor('websocket');

const INIT = frame(Buffer.from('{"type":"connection_init"}'));
const CLOSE = frame(Buffer.from([0x03, 0xe8]), { opcode: 8 });

const PING = 9;

/** The answer to a mark. */
const MARK = new RegExp(`${String.fromCharCode(0x8a, 7)}#(\\d{6})`, 'g');

/** Follows an input. The server answers it once it has read that input. */
function mark(index: number): Buffer {
  return frame(Buffer.from(`#${String(index).padStart(6, '0')}`), { opcode: PING });
}

async function attack(attempt: Attempt): Promise<number> {
  const { number, random, report } = attempt;
  let read = 0;
  const connection = await FuzzConnection.open(attempt, [
    {
      pattern: MARK,
      found: ([, index]) => {
        read = Number(index) + 1;
      },
    },
    { pattern: /"code":"INTERNAL_SERVER_ERROR"/g, found: () => report('INTERNAL_SERVER_ERROR', read) },
  ]);
  const head = Buffer.from(`${upgradeHead([`X-Forwarded-For: ${addressFor(number)}`])}\r\n`);
  const inputs = Array.from({ length: random.between(1, 100) }, () => webSocketInput(random));
  const begin = random.chance(0.97) ? [head, INIT] : [head];
  const marked = inputs.flatMap((input, index) => [input, mark(index)]);
  await connection.send(Buffer.concat([...begin, ...marked]));
  await connection.settle(() => read === inputs.length);
  // The server has read the input that it closed the connection for.
  if (connection.isClosed && read > 0 && read < inputs.length) read += 1;
  await connection.leave(CLOSE);
  return read;
}

test(`${plan.inputs.toLocaleString('en')} random and mutated WebSocket messages leave the server healthy and its memory flat`, async () => {
  await expectToSurvive('websocket', plan, attack);
}, 600_000);
