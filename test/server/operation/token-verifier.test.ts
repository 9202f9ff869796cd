import { describe, expect, test } from 'vitest';
import type { Viewer } from '#domain/viewer.js';
import { createVerifier } from '#server/operation/token-verifier.js';

const ann: Viewer = { user: { id: 'ann', name: 'Ann' }, roles: ['viewer'] };
const known = 'k'.repeat(43);

function verifier({ withJwt = true } = {}) {
  const asked: string[] = [];
  const sessions = {
    find: async (token: string) => {
      asked.push(`session ${token}`);
      return token === known ? ann : null;
    },
  };
  const jwt = {
    verify: async (token: string) => {
      asked.push(`jwt ${token}`);
      return ann;
    },
  };
  return { asked, ...createVerifier({ sessions, jwt: withJwt ? jwt : undefined }) };
}

describe('a token', () => {
  test('of a session is looked up', async () => {
    const { verify, asked } = verifier();
    expect(await verify(known)).toBe(ann);
    expect(asked).toEqual([`session ${known}`]);
  });

  test('of a session that has ended is refused', async () => {
    await expect(verifier().verify('x'.repeat(43))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('with two dots belongs to the platform', async () => {
    const { verify, asked } = verifier();
    expect(await verify('a.b.c')).toBe(ann);
    expect(asked).toEqual(['jwt a.b.c']);
  });

  test('of the platform is refused if no platform is configured', async () => {
    await expect(verifier({ withJwt: false }).verify('a.b.c')).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });

  test.each(['', ' ', 'x', 'a.b', 'a.b.c.d', 'a.b.c\n', `${known}\n`, `a.b.${'c'.repeat(9_000)}`])(
    'that is malformed is refused without a lookup: %j',
    async (token) => {
      const { verify, asked } = verifier();
      await expect(verify(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      expect(asked).toEqual([]);
    },
  );
});
