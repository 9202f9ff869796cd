import { type Section, variable } from '#config/declaration.js';
import { integer, longText, secureUrl, text } from '#config/parsers.js';

export const identity = {
  title: 'Identity',
  variables: {
    SESSION_TTL_SECONDS: variable({
      parser: integer(1, 31_536_000),
      default: 86_400,
      description: 'How long an unused session stays valid, in seconds.',
    }),
    SESSION_CHECK_MS: variable({
      parser: integer(50, 60_000),
      default: 2_000,
      description: 'How often to check open connections for sessions and tokens that have ended.',
    }),
    JWT_SECRET: variable({
      parser: longText(32),
      secret: true,
      description:
        "The secret that signs your platform's own tokens (HS256, HS384, HS512). Set this or JWT_JWKS_URL, not both.",
    }),
    JWT_JWKS_URL: variable({
      parser: secureUrl,
      secret: true,
      description:
        'The URL where the issuer publishes its public keys (RS256, PS256, ES256, ES384, EdDSA). http:// is accepted for this machine only.',
    }),
    JWT_ISSUER: variable({
      parser: text('a string or a URL'),
      description: 'The issuer that tokens must name in "iss". Required if tokens are accepted.',
    }),
    JWT_AUDIENCE: variable({
      parser: text('a string or a URL'),
      description: 'The audience that tokens must name in "aud". Required if tokens are accepted.',
    }),
  },
} satisfies Section;
