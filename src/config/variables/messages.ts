import { type Section, variable } from '#config/declaration.js';
import { flag, integer } from '#config/parsers.js';

export const messages = {
  title: 'Messages',
  note: 'These must be the same on all servers that share a Redis.',
  variables: {
    MESSAGE_TTL_SECONDS: variable({
      parser: integer(1, 31_536_000),
      default: 86_400,
      description: 'How long to keep a message, in seconds. At most a year.',
    }),
    HISTORY_LIMIT: variable({
      parser: integer(1, 1_000_000),
      default: 10_000,
      description: 'How many messages to keep per room.',
    }),
    ALLOW_GUESTS: variable({
      parser: flag,
      default: true,
      productionDefault: false,
      description: 'Whether someone without a session may send messages under a name of their choice.',
    }),
  },
} satisfies Section;
