import { BEGINNING } from './cursor.js';
import { type OperationClient, request } from './operation.js';

/** The query for a room's head. */
export const HEAD = `query RoomHead($roomId: ID!) { messages(roomId: $roomId, last: 1) { nodes { id } pageInfo { endCursor } } }`;

interface Page {
  nodes: readonly unknown[];
  pageInfo: { endCursor: string | null };
}

/** The end of a room's history. */
export interface Head {
  /** The cursor of the newest message, even if that message has expired. `0` if the room never had one. */
  cursor: string;
  /** Whether the room holds no messages, so that there is nothing to catch up with. */
  isEmpty: boolean;
}

/** Queries a room's head. Calls back once, and never after the returned function was called. */
export function queryHead(
  client: OperationClient,
  roomId: string,
  onHead: (head: Head) => void,
  onError: (cause: unknown) => void,
): () => void {
  const onPage = (page: unknown) => {
    const { nodes, pageInfo } = page as Page;
    onHead({ cursor: pageInfo.endCursor ?? BEGINNING, isEmpty: nodes.length === 0 });
  };
  return request(client, { query: HEAD, variables: { roomId } }, onPage, onError);
}
