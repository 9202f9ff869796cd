/** Random and mutated HTTP requests. CONTRIBUTING.md says how to run more of them, or one of them again. */
import { test } from 'vitest';
import { type Attempt, planFor } from '#test/support/fuzz/campaign.js';
import { FuzzConnection } from '#test/support/fuzz/connection.js';
import { httpInput } from '#test/support/fuzz/http-inputs.js';
import { addressFor } from '#test/support/fuzz/node.js';
import { expectToSurvive } from './survives.js';

const plan = planFor('http');

async function attack(attempt: Attempt): Promise<number> {
  const { number, random, report } = attempt;
  let answered = 0;
  let sent = 0;
  const connection = await FuzzConnection.open(attempt, [
    {
      pattern: /HTTP\/1\.1 ([2-5]\d\d|101) [A-Z]/g,
      found: ([, status]) => {
        if (status === '500') report('answered with 500', answered);
        answered += 1;
      },
    },
    {
      pattern: /"code":"INTERNAL_SERVER_ERROR"/g,
      found: () => report('INTERNAL_SERVER_ERROR', answered - 1),
    },
  ]);
  for (let writes = random.between(1, 8); writes > 0 && !connection.isClosed; writes -= 1) {
    const count = random.chance(0.93) ? random.between(1, 10) : random.between(11, 30);
    const inputs = Array.from({ length: count }, () => httpInput(random, addressFor(number)));
    sent += count;
    await connection.send(Buffer.concat(inputs.map(({ bytes }) => bytes)));
    await connection.settle(() => answered >= sent);
    if (answered < sent) break;
  }
  // The server has read the input that it closed the connection for.
  const handled = connection.isClosed && answered < sent ? answered + 1 : answered;
  await connection.leave();
  return handled;
}

test(`${plan.inputs.toLocaleString('en')} random and mutated HTTP requests leave the server healthy and its memory flat`, async () => {
  await expectToSurvive('http', plan, attack);
}, 600_000);
