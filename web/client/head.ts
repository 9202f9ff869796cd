import type { Client } from 'graphql-ws';
import { BEGINNING } from './cursor.js';
import { ask } from './operation.js';

/** Asks for the id of the newest message in a room. */
export const HEAD = `query RoomHead($roomId: ID!) { messages(roomId: $roomId, last: 1) { pageInfo { endCursor } } }`;

interface Page {
  pageInfo: { endCursor: string | null };
}

/**
 * Asks for the id of a room's newest message: `0` where the room holds none. Calls back once, and never
 * after the returned function was called.
 */
export function askHead(
  client: Client,
  roomId: string,
  answered: (head: string) => void,
  failed: (cause: unknown) => void,
): () => void {
  const payload = { query: HEAD, variables: { roomId } };
  return ask(client, payload, (page) => answered((page as Page).pageInfo.endCursor ?? BEGINNING), failed);
}
