import { BEGINNING } from './cursor.js';
import { ask, type OperationClient } from './operation.js';

/** Asks for the end of a room. */
export const HEAD = `query RoomHead($roomId: ID!) { messages(roomId: $roomId, last: 1) { nodes { id } pageInfo { endCursor } } }`;

interface Page {
  nodes: readonly unknown[];
  pageInfo: { endCursor: string | null };
}

/** Where a room ends. */
export interface Head {
  /** The cursor to go on from: of the newest message, also if that is no longer kept; `0` if there was none. */
  cursor: string;
  /** Whether there is no message to wait for. */
  isEmpty: boolean;
}

/** Asks where a room ends. Calls back once, and never after the returned function was called. */
export function askHead(
  client: OperationClient,
  roomId: string,
  answered: (head: Head) => void,
  failed: (cause: unknown) => void,
): () => void {
  const payload = { query: HEAD, variables: { roomId } };
  return ask(
    client,
    payload,
    (page) => {
      const { nodes, pageInfo } = page as Page;
      answered({ cursor: pageInfo.endCursor ?? BEGINNING, isEmpty: nodes.length === 0 });
    },
    failed,
  );
}
