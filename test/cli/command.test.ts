/** The command-line tool with a real Redis and a real server. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand } from '#cli/run.js';
import { formatDuration, printable } from '#cli/table.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { say, texts } from '#test/support/say.js';
import { startServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer({ NODE_ID: 'node1' });
let viewer: RawSocket;
beforeAll(async () => {
  await say(used.server, 'busy', ...texts(7));
  await say(used.server, 'quiet', 'hello');
  viewer = await RawSocket.ready(used.server);
  viewer.subscribe('1', { query: 'subscription { messageAdded(roomId: "quiet") { id } }' });
  await until(async () => (await used.redis.cli('SCARD', 'connections:quiet')) === '1', {
    what: 'the viewer',
  });
});
afterAll(() => viewer.crash());

interface Ran {
  code: number;
  out: string;
  error: string;
}

/** Runs a command. `answer` answers its question. Without it, there is no terminal. */
async function run(line: string, env: Record<string, string> = {}, answer?: string): Promise<Ran> {
  const ran = { code: -1, out: '', error: '' };
  ran.code = await runCommand(
    line.split(' ').filter(Boolean),
    {
      env: { REDIS_URL: used.redis.url, ...env },
      width: undefined,
      out: (text) => {
        ran.out += text;
      },
      error: (text) => {
        ran.error += text;
      },
      ask: answer === undefined ? undefined : async () => answer,
    },
    new AbortController().signal,
  );
  return ran;
}

describe('rooms', () => {
  test('lists the active rooms, those with the most connections first', async () => {
    const { code, out } = await run('rooms');
    expect(code).toBe(0);
    const lines = out.split('\n');
    expect(lines[0]).toMatch(/^ROOM +CONNECTIONS +MESSAGES +NEWEST$/);
    expect(lines[1]).toMatch(/^quiet +1 +1 +\d+s ago$/);
    expect(lines[2]).toMatch(/^busy +0 +7 +\d+s ago$/);
  });

  test('prints the list as JSON with --json', async () => {
    const { out } = await run('rooms --json --limit 1');
    expect(JSON.parse(out)).toEqual({
      rooms: [{ id: 'quiet', connections: 1, messages: 1, lastMessageAgeMs: expect.any(Number) }],
      total: 2,
    });
  });

  test('keeps the list up to date on a terminal until interrupted', async () => {
    const looked = new AbortController();
    let out = '';
    const running = runCommand(
      ['rooms'],
      {
        env: { REDIS_URL: used.redis.url },
        width: 80,
        out: (text) => {
          out += text;
        },
        error: () => undefined,
        ask: undefined,
      },
      looked.signal,
    );
    await until(() => out.split('ROOM ').length > 2, { what: 'a second look' });
    looked.abort();
    expect(await running).toBe(0);
    expect(out.endsWith('\u001b[?25h')).toBe(true);
  });
});

describe('inspect', () => {
  test('shows the messages and connections of a room', async () => {
    const { code, out } = await run('inspect quiet');
    expect(code).toBe(0);
    expect(out).toMatch(/^messages +1, from \d{4}-/m);
    expect(out).toMatch(/^node1 +1 +alive$/m);
    expect(out).toMatch(/^\d+-\d+ +Ann +hello$/m);
  });

  test('shows the requested number of messages, with --json as well', async () => {
    const { latest, messages } = JSON.parse((await run('inspect busy --messages 2 --json')).out);
    expect(messages).toBe(7);
    expect(latest.map(({ content }: { content: string }) => content)).toEqual(['text 6', 'text 7']);
  });

  test('removes control sequences that users sent', async () => {
    const stored = {
      id: '1-0',
      prev: '0',
      roomId: 'wild',
      author: { id: 'g', name: 'E\u001b[2Jve' },
      content: 'a\u001b]0;b\u0007\nc',
    };
    await used.redis.cli('LPUSH', 'messages:wild', JSON.stringify(stored));
    const { out } = await run('inspect wild');
    expect(out).not.toContain('\u001b');
    expect(out).toContain('a ]0;b c');
    await used.redis.cli('DEL', 'messages:wild');
  });

  test('fails for a room that does not exist', async () => {
    expect(await run('inspect nowhere')).toMatchObject({
      code: 1,
      out: '',
      error: expect.stringContaining('nowhere'),
    });
  });
});

describe('sweep', () => {
  test('removes the connections of a dead server, and empty rooms', async () => {
    await used.redis.cli('SADD', 'connections:quiet', 'dead:1', 'dead:2');
    await used.redis.cli('SADD', 'rooms:active', 'empty');
    const { code, out } = await run('sweep --json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      removed: { connections: 2, rooms: 1 },
      left: { connections: 1, rooms: 2 },
    });
    expect(await used.redis.cli('SMEMBERS', 'connections:quiet')).toMatch(/^node1:/);
  });
});

describe('clear', () => {
  test('asks for confirmation, and deletes nothing without it', async () => {
    await say(used.server, 'cleared', 'one', 'two');
    expect(await run('clear cleared')).toMatchObject({ code: 2, error: expect.stringContaining('--yes') });
    expect(await run('clear cleared', {}, 'no')).toMatchObject({ code: 1 });
    expect(await used.redis.cli('LLEN', 'messages:cleared')).toBe('2');
    expect(await run('clear cleared', {}, 'y')).toMatchObject({
      code: 0,
      out: 'Deleted 2 messages of cleared.\n',
    });
    expect(await used.redis.cli('EXISTS', 'messages:cleared', 'room:{messages:cleared}')).toBe('0');
    expect(await used.redis.cli('SISMEMBER', 'rooms:active', 'cleared')).toBe('0');
  });

  test('does not ask if --yes is given', async () => {
    await say(used.server, 'cleared', 'three');
    const { code, out } = await run('clear cleared --yes --json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({ room: 'cleared', messages: 1 });
  });

  test('ends the subscriptions of the room with CURSOR_EXPIRED', async () => {
    await run('clear quiet --yes');
    await say(used.server, 'quiet', 'after');
    expect(await viewer.next()).toMatchObject({
      type: 'next',
      payload: { errors: [{ extensions: { code: 'CURSOR_EXPIRED' } }] },
    });
  });
});

describe('retract', () => {
  test('removes messages and says which are missing', async () => {
    const [a, b] = await say(used.server, 'retracting', 'one', 'two', 'three');
    expect(await run(`retract retracting ${a!.id}`)).toMatchObject({
      code: 0,
      out: 'Retracted 1 messages of retracting.\n',
    });
    const { code, out } = await run(`retract retracting ${b!.id} ${a!.id} 1-0 --json`);
    expect({ code, ...JSON.parse(out) }).toEqual({
      code: 0,
      room: 'retracting',
      retracted: [a!.id, b!.id],
      missing: ['1-0'],
    });
    const stored = await used.redis.cli('LRANGE', 'messages:retracting', '0', '-1');
    expect(stored).not.toMatch(/"one"|"two"/);
    expect(stored).toContain('"three"');
    expect(await run('retract retracting 1-0')).toMatchObject({
      code: 1,
      error: 'streamly-chat: Not in retracting: 1-0\n',
    });
  });

  test.each(['retract', 'retract room1', 'retract room1 x', 'retract a/b 1-0'])(
    'refuses `%s`',
    async (line) => {
      expect(await run(line)).toMatchObject({ code: 2, error: expect.stringContaining('Usage:') });
    },
  );
});

describe('ping', () => {
  test('measures each step and leaves nothing behind', async () => {
    const { code, out, error } = await run(`ping --url ${used.server.url} --json`);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    const times = JSON.parse(out);
    for (const name of ['connect', 'send', 'deliver']) expect(times[name]).toBeGreaterThan(0);
    expect(await used.redis.cli('KEYS', 'messages:ping-*')).toBe('');
    await until(async () => !(await used.redis.cli('SMEMBERS', 'rooms:active')).includes('ping-'), {
      what: 'its viewer to be gone',
    });
    expect(await used.redis.cli('KEYS', '*ping-*')).toBe('');
  });

  test('fails with a reason if no server answers', async () => {
    const { code, error } = await run('ping --url http://127.0.0.1:1/graphql');
    expect(code).toBe(1);
    expect(error).toMatch(/Cannot connect/);
  });

  test('fails with a reason if the server refuses', async () => {
    const strict = await startServer({ redisUrl: used.redis.url, ALLOW_GUESTS: 'false' });
    const { code, error } = await run(`ping --url ${strict.url}`);
    expect(code).toBe(1);
    expect(error).toMatch(/^streamly-chat: \S/);
    await strict.close();
  });
});

describe('the command', () => {
  test.each([
    '',
    'nonsense',
    'rooms extra',
    'rooms --nonsense',
    'rooms --limit 0',
    'inspect',
    'inspect a b',
    'inspect a/b',
    'ping --url nonsense',
  ])('explains the usage of "%s" and exits with 2', async (line) => {
    const { code, out, error } = await run(line);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toMatch(/streamly-chat/);
  });

  test.each(['--help', 'help', 'rooms --help', 'clear -h'])('%s exits with 0', async (line) => {
    const { code, out } = await run(line);
    expect(code).toBe(0);
    expect(out).toMatch(/^streamly-chat/);
  });

  test('requires REDIS_URL', async () => {
    expect(await run('rooms', { REDIS_URL: '' })).toMatchObject({
      code: 2,
      error: expect.stringContaining('REDIS_URL'),
    });
  });

  test('fails if Redis is down or refuses, without printing the password', async () => {
    const secret = 'sesame-open';
    const away = await run('rooms', {
      REDIS_URL: `redis://me:${secret}@127.0.0.1:1`,
      REDIS_TIMEOUT_MS: '500',
    });
    expect(away).toMatchObject({ code: 1, error: expect.stringContaining('Redis does not answer') });
    const refused = await run('rooms', {
      REDIS_URL: used.redis.url.replace('//', `//me:${secret}@`),
      REDIS_TIMEOUT_MS: '500',
    });
    expect(refused.code).toBe(1);
    expect(JSON.stringify([away, refused])).not.toContain(secret);
  });
});

test.each([
  [0, '0s'],
  [59_000, '59s'],
  [61_000, '1m'],
  [7_300_000, '2h'],
  [180_000_000, '2d'],
])('formats %i ms as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test('truncates long text by characters, not by code units', () => {
  expect(printable('🔑🔑🔑🔑', 3)).toBe('🔑🔑…');
});
