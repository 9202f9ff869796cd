import type { GraphQLSchema } from 'graphql';
import type { Limits } from '#domain/limits.js';
import { addMessage } from '#graphql/types/message.js';
import { addRetraction } from '#graphql/types/retraction.js';
import { addRoom } from '#graphql/types/room.js';
import { addRoomEvent } from '#graphql/types/room-event.js';
import { addServerStats } from '#graphql/types/server-stats.js';
import { addSession } from '#graphql/types/session.js';
import { addUser } from '#graphql/types/user.js';
import { createBuilder } from './builder.js';

/** Creates the complete schema. `limits` appear in its validation rules and descriptions. */
export function createSchema(limits: Limits): GraphQLSchema {
  const builder = createBuilder(limits);
  builder.queryType({ description: 'Reads data once.' });
  builder.mutationType({ description: 'Changes data.' });
  builder.subscriptionType({ description: 'Receives data as it changes.' });
  addUser(builder);
  addRoom(builder);
  addMessage(builder);
  addRoomEvent(builder);
  addRetraction(builder);
  addServerStats(builder);
  addSession(builder);
  return builder.toSchema();
}
