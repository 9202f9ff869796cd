import { type Protocol, readMessage, type WireMessage } from './protocol.js';
import { rawWebSocket } from './raw.js';

/** Socket.IO 5 on Engine.IO 4, over WebSocket only. The `auth` of the handshake names the room. */
export const socketIo: Protocol = {
  ...rawWebSocket,
  upgradePath: () => '/socket.io/?EIO=4&transport=websocket',
  isReady: (text) => text.startsWith('40'),
  answer(text, { roomId }) {
    if (text.startsWith('0')) return `40${JSON.stringify({ roomId })}`; // Engine.IO is open: connect to the namespace
    return text === '2' ? '3' : undefined; // ping, pong
  },
  delivery(text) {
    if (!text.startsWith('42')) return undefined;
    const [event, message] = JSON.parse(text.slice(2)) as [string, WireMessage];
    return event === 'message' ? readMessage(message, undefined) : undefined;
  },
};
