import { type Protocol, readMessage, type WireMessage } from './protocol.js';
import { rawWebSocket } from './raw.js';

/** Engine.IO 4 over WebSocket alone, and Socket.IO 5 in it: the room is named by the handshake's auth. */
export const socketIo: Protocol = {
  ...rawWebSocket,
  upgradePath: () => '/socket.io/?EIO=4&transport=websocket',
  isReady: (text) => text.startsWith('40'),
  answer(text, { roomId }) {
    if (text.startsWith('0')) return `40${JSON.stringify({ roomId })}`; // Engine.IO is open: join the namespace
    return text === '2' ? '3' : undefined; // ping, pong
  },
  delivery(text) {
    if (!text.startsWith('42')) return undefined;
    const [event, message] = JSON.parse(text.slice(2)) as [string, WireMessage];
    return event === 'message' ? readMessage(message, undefined) : undefined;
  },
};
