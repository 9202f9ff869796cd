import { AUTHOR } from './content.js';
import { type Protocol, readMessage, type WireMessage } from './protocol.js';

/** A plain WebSocket. The upgrade request names the room, and each frame is one message as JSON. */
export const rawWebSocket: Protocol = {
  subprotocol: undefined,
  upgradePath: ({ roomId }) => `/?roomId=${roomId}`,
  opening: () => undefined,
  isReady: undefined,
  subscribe: () => undefined,
  answer: () => undefined,
  delivery: (text) => readMessage(JSON.parse(text) as WireMessage, undefined),
  send: (roomId, content) => ({ path: '/send', body: JSON.stringify({ roomId, content, author: AUTHOR }) }),
  sentId: (body) => (JSON.parse(body) as { id: string }).id,
};
