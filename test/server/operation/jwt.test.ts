import { generateKeyPair, UnsecuredJWT } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import { createJwtVerifier, type JwtOptions } from '#server/operation/jwt.js';
import { JWT, startIssuer, tokenOf } from '#test/support/tokens.js';

const { secret, issuer, audience } = JWT;

function verifier(key: JwtOptions['key'] = { secret }, timeoutMs = 2_000) {
  return createJwtVerifier({ key, issuer, audience, nameLength: 10, timeoutMs });
}

describe('a token of the platform', () => {
  test('identifies its user, and says when it expires', async () => {
    const token = await tokenOf({ sub: 'ann', name: 'Ann', roles: ['moderator'] });
    const viewer = await verifier().verify(token);
    expect(viewer).toMatchObject({ user: { id: 'ann', name: 'Ann' }, roles: ['viewer', 'moderator'] });
    expect(viewer.sessionId).toBeUndefined();
    expect(viewer.expiresAt! - Date.now()).toBeGreaterThan(590_000);
    expect(viewer.expiresAt! - Date.now()).toBeLessThan(610_000);
  });

  test.each([
    ['a list', ['service', 'moderator'], ['viewer', 'moderator', 'service']],
    ['a string', 'service moderator', ['viewer', 'moderator', 'service']],
    [
      'a list in capitals, as the schema spells them',
      ['MODERATOR', 'Service'],
      ['viewer', 'moderator', 'service'],
    ],
    ['a string in capitals', 'MODERATOR', ['viewer', 'moderator']],
    ['an unknown role', ['admin'], ['viewer']],
    ['null', null, ['viewer']],
    ['nothing', undefined, ['viewer']],
  ])('has the roles in %s', async (_what, roles, expected) => {
    expect((await verifier().verify(await tokenOf({ roles }))).roles).toEqual(expected);
  });

  test.each([
    ['is cut if it is too long', 'Annabella of the Isles', 'Annabella'],
    ['is cut between characters, not within', '👩‍🚀'.repeat(2) + '😀'.repeat(9), '👩‍🚀👩‍🚀😀😀😀😀'],
    ['has no control characters', ' A\u0000n\nn ', 'A n n'],
    ['has no invisible characters and does not change the direction of text', '\u202eA\u200bn\u2066n', 'Ann'],
    ['is not cut within an emoji', `${'😀'.repeat(7)}👩‍👩‍👧‍👦`, `${'😀'.repeat(7)}👩👩`],
    ['is the id if it shows nothing', '\u200b\u3164', 'ann'],
    ['is the id if it is missing', undefined, 'ann'],
    ['is the id if it is empty', '  ', 'ann'],
    ['is the id if it is null', null, 'ann'],
  ])('a name %s', async (_what, name, shown) => {
    expect((await verifier().verify(await tokenOf({ name }))).user.name).toBe(shown);
  });
});

describe('refuses with UNAUTHENTICATED a token', () => {
  const now = Math.floor(Date.now() / 1_000);
  const other = new TextEncoder().encode('another secret, which the platform has not');
  const cases: Record<string, () => Promise<string> | string> = {
    'that has expired': () => tokenOf({ expiresIn: -10 }),
    'that is not valid yet': () => tokenOf({ nbf: now + 600 }),
    'without an expiry': () => tokenOf({ exp: undefined }),
    'of another issuer': () => tokenOf({ iss: 'https://evil.example' }),
    'for another audience': () => tokenOf({ aud: 'shop' }),
    'signed by somebody else': () => tokenOf({ key: other }),
    'that is not signed': () =>
      new UnsecuredJWT({ sub: 'ann' }).setIssuer(issuer).setAudience(audience).encode(),
    'without a user': () => tokenOf({ sub: undefined }),
    'whose sub is a number': () => tokenOf({ sub: 123 }),
    'whose sub is a list': () => tokenOf({ sub: ['ann'] }),
    'whose sub is an object': () => tokenOf({ sub: { id: 'ann' } }),
    'whose sub is null': () => tokenOf({ sub: null }),
    'whose name is a number': () => tokenOf({ name: 42 }),
    'whose name is a list': () => tokenOf({ name: ['Ann'] }),
    'whose name is an object': () => tokenOf({ name: {} }),
    'whose roles are an object': () => tokenOf({ roles: { moderator: true } }),
    'whose roles are a number': () => tokenOf({ roles: 1 }),
    'whose roles hold an object': () => tokenOf({ roles: ['moderator', {}] }),
    'whose expiry is a string': () => tokenOf({ exp: String(now + 600) }),
    'whose expiry is a list': () => tokenOf({ exp: [now + 600] }),
    'whose start is a string': () => tokenOf({ nbf: 'now' }),
    'whose audience is an object': () => tokenOf({ aud: { chat: true } }),
    'of a user without an id': () => tokenOf({ sub: '' }),
    'of a user whose id and name show nothing': () => tokenOf({ sub: '\u200b', name: '\u3164' }),
    'of a user with a very long id': () => tokenOf({ sub: 'x'.repeat(129) }),
    'of a user whose id is not well-formed Unicode': () => tokenOf({ sub: 'ann\ud800' }),
    'of a user with the id of a guest': () => tokenOf({ sub: 'guest:Ann' }),
    'that was changed': async () => {
      const [head, , signature] = (await tokenOf()).split('.');
      const claims = { sub: 'bob', iss: issuer, aud: audience, exp: now + 600 };
      return [head, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
    },
    'that is malformed': () => 'a.b.c',
    'signed with a key pair although a secret is configured': async () =>
      tokenOf({ key: (await generateKeyPair('RS256')).privateKey, alg: 'RS256' }),
  };

  test.each(Object.entries(cases))('%s', async (_what, make) => {
    const token = await make();
    const refusal = await verifier()
      .verify(token)
      .catch((error) => error);
    expect(refusal).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(refusal.message).not.toContain(token);
    expect(refusal.message).not.toContain(secret);
  });
});

describe('the keys of an issuer', () => {
  const issuers: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(issuers.splice(0).map((one) => one.close()));
  });
  async function start() {
    const started = await startIssuer();
    issuers.push(started);
    return started;
  }

  test('are fetched once, and verify its tokens', async () => {
    const { url, state, tokenOf: issue } = await start();
    const { verify } = verifier({ jwksUrl: url });
    expect((await verify(await issue({ sub: 'ann' }))).user.id).toBe('ann');
    expect((await verify(await issue({ sub: 'bob' }))).user.id).toBe('bob');
    expect(state.asked).toBe(1);
  });

  test('do not verify tokens of other issuers', async () => {
    const [one, two] = [await start(), await start()];
    const { verify } = verifier({ jwksUrl: one.url });
    await expect(verify(await two.tokenOf())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(verify(await two.tokenOf({ kid: 'key2' }))).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });

  test('are never used as a secret', async () => {
    const { url, publicJwk } = await start();
    const { verify } = verifier({ jwksUrl: url });
    const key = new TextEncoder().encode(JSON.stringify(publicJwk));
    await expect(verify(await tokenOf({ key, kid: 'key1' }))).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });

  test.each(['fails', 'hangs'] as const)(
    'cannot be fetched if the issuer %s, which does not make the token invalid',
    async (how) => {
      const { url, state, tokenOf: issue } = await start();
      state[how] = true;
      const { verify } = verifier({ jwksUrl: url }, 100);
      await expect(verify(await issue())).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
      state[how] = false;
      expect((await verify(await issue())).user.id).toBe('ann');
    },
  );

  test('cannot be fetched if the issuer is down, which does not make the token invalid', async () => {
    const { url, close, tokenOf: issue } = await startIssuer();
    await close();
    await expect(verifier({ jwksUrl: url }).verify(await issue())).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    });
  });
});
