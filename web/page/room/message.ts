import type { MessageAddedSubscription } from '../generated/graphql.js';

/** A message with the fields that the page selects. */
export type Message = MessageAddedSubscription['messageAdded'];
