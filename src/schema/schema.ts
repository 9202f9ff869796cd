import type { GraphQLSchema } from 'graphql';
import type { Limits } from '../chat/limits.js';
import { createBuilder } from './builder.js';
import { addMessage } from './message.js';
import { addRoom } from './room.js';
import { addServerStats } from './server-stats.js';
import { addSession } from './session.js';
import { addSlowMode } from './slow-mode.js';
import { addUser } from './user.js';

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
  addSlowMode(builder);
  return builder.toSchema();
}
