import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

export const JWT = {
  secret: 'a secret of the platform, for tests alone',
  issuer: 'https://id.example',
  audience: 'chat',
};

/** The configuration of a server that accepts tokens signed with this secret. */
export const JWT_ENV = {
  JWT_SECRET: JWT.secret,
  JWT_ISSUER: JWT.issuer,
  JWT_AUDIENCE: JWT.audience,
};

export interface TokenOptions {
  /** Any claim, of any type. */
  [claim: string]: unknown;
  /** The signing key. Defaults to the secret. */
  key?: Parameters<SignJWT['sign']>[0];
  alg?: string;
  kid?: string;
  /** Seconds from now. */
  expiresIn?: number;
}

/** Returns a token of the platform that is valid except for the given options. */
export function tokenOf({
  key,
  alg = 'HS256',
  kid,
  expiresIn = 600,
  ...claims
}: TokenOptions = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const given = { sub: 'ann', name: 'Ann', iss: JWT.issuer, aud: JWT.audience, iat: now, ...claims };
  const token = new SignJWT({ exp: now + expiresIn, ...given } as JWTPayload);
  const header = { alg, ...(kid !== undefined && { kid }) };
  return token.setProtectedHeader(header).sign(key ?? new TextEncoder().encode(JWT.secret));
}

/** Starts an issuer that publishes its public key and can be made to fail or hang. */
export async function startIssuer() {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'key1', alg: 'ES256' };
  const state = { fails: false, hangs: false, asked: 0 };
  const server: Server = createServer((_request, response) => {
    state.asked += 1;
    if (state.hangs) return;
    response.writeHead(state.fails ? 500 : 200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    state,
    url: `http://127.0.0.1:${port}/keys`,
    publicJwk: jwk,
    tokenOf: (options: TokenOptions = {}) =>
      tokenOf({ key: privateKey, alg: 'ES256', kid: 'key1', ...options }),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
