/** Runs the programs in examples/ as the docs say, and checks that the docs show them unchanged. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { paramsOf, post, run } from '#test/support/clients/http.js';
import { Messages, RetractMessages, SendMessage } from '#test/support/documents.js';
import { bearer } from '#test/support/sign-in.js';
import { JWT_ENV, tokenOf } from '#test/support/tokens.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer({ ...JWT_ENV, ALLOW_GUESTS: 'true' });
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** Runs `npx tsx examples/<name>/main.ts <endpoint> <room>`, but without npx. */
function start(name: string, roomId: string) {
  const program = spawn(
    process.execPath,
    ['--import', 'tsx', `examples/${name}/main.ts`, used.server.url, roomId],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const output = { text: '' };
  for (const stream of [program.stdout, program.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output.text += chunk;
    });
  }
  const ended = new Promise((resolve) => program.once('close', resolve));
  ends.push(async () => {
    program.kill('SIGKILL');
    await ended;
  });
  return output;
}

const say = (roomId: string, content: string) =>
  run(used.server, SendMessage, { input: { roomId, content, author: 'Ann' } });

/** Retracts the newest message of a room as the platform. */
async function retractNewest(roomId: string): Promise<void> {
  const id = (await run(used.server, Messages, { roomId, last: 1 })).messages.nodes[0]!.id;
  const platform = bearer(await tokenOf({ sub: 'platform', roles: ['service'] }));
  await post(used.server, paramsOf(RetractMessages, { roomId, ids: [id] }), platform);
}

const contentsOf = async (roomId: string) =>
  (await run(used.server, Messages, { roomId })).messages.nodes.map(({ content }) => content);

describe('the example', () => {
  test('with Apollo Client shows pages and live messages in one list', async () => {
    for (let number = 1; number <= 30; number += 1) await say('apollo', `message ${number}`);
    const output = start('apollo', 'apollo');
    await until(() => output.text.includes('Apollo: Hello from Apollo Client\n'), {
      what: 'its own message',
    });
    // Twenty, ten older ones, and its own.
    await until(() => output.text.includes('31 messages in the list'), { what: 'the list' });
    await say('apollo', 'live');
    await until(() => output.text.includes('Ann: live\n'), { what: 'a live message' });
    await until(() => output.text.includes('32 messages in the list'), { what: 'the list' });
    await retractNewest('apollo');
    await until(() => output.text.includes('1 messages were retracted'), { what: 'the retraction' });
    await until(() => output.text.trimEnd().endsWith('31 messages in the list'), {
      what: 'the shorter list',
    });
  });

  test('with urql starts with the newest messages and continues live', async () => {
    await say('urql', 'before');
    const output = start('urql', 'urql');
    await until(() => output.text.includes('Ann: before\n'), { what: 'the existing message' });
    await until(() => output.text.includes('Urql: Hello from urql\n'), { what: 'its own message' });
    await say('urql', 'live');
    await until(() => output.text.includes('Ann: live\n'), { what: 'a live message' });
    await retractNewest('urql');
    await until(() => output.text.includes('2 messages are left\n'), { what: 'the retraction' });
  });

  test('of a bot answers messages', async () => {
    start('bot', 'bot');
    await until(async () => (await contentsOf('bot')).includes('Say !ping'), { what: 'the bot' });
    await say('bot', '!ping');
    await until(async () => (await contentsOf('bot')).includes('pong, Ann'), { what: 'its answer' });
  });
});

describe('docs/clients.md', () => {
  test.each(['apollo/documents', 'apollo/main', 'urql/main', 'bot/main'])(
    'shows examples/%s.ts as it is',
    async (name) => {
      const docs = await readFile('docs/clients.md', 'utf8');
      expect(docs).toContain(`\`\`\`ts\n${await readFile(`examples/${name}.ts`, 'utf8')}\`\`\``);
    },
  );
});
