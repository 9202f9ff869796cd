import type { GraphQLSchema } from 'graphql';
import type { Limits } from '#domain/limits.js';
import { addMessage } from '#graphql/types/message.js';
import { addRoom } from '#graphql/types/room.js';
import { addServerStats } from '#graphql/types/server-stats.js';
import { addSession } from '#graphql/types/session.js';
import { addUser } from '#graphql/types/user.js';
import { createBuilder } from './builder.js';

/** The whole API, with these limits in its rules and in its descriptions. */
export function createSchema(limits: Limits): GraphQLSchema {
  const builder = createBuilder(limits);
  builder.queryType({ description: 'What can be read at once.' });
  builder.mutationType({ description: 'What can be changed.' });
  builder.subscriptionType({ description: 'What can be followed as it happens.' });
  addUser(builder);
  addRoom(builder);
  addMessage(builder);
  addServerStats(builder);
  addSession(builder);
  return builder.toSchema();
}
