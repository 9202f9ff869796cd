import { useEffect, useRef } from 'react';
import type { ChatClient } from './chat-client.js';
import { CloseIcon } from './icons.js';
import { RoomView } from './room/RoomView.js';
import { RoomList } from './rooms/RoomList.js';
import { useRoute } from './route.js';
import { StatsView } from './stats/StatsView.js';

/** The whole page: the rooms at the side, and a room or the server's load beside them. */
export function App({ client }: { client: ChatClient }) {
  const route = useRoute();
  const drawer = useRef<HTMLDialogElement>(null);
  const openRooms = () => drawer.current?.showModal();
  const roomId = route.view === 'room' ? route.roomId : undefined;

  useEffect(() => {
    document.title = roomId === undefined ? 'Load · Streamly Chat' : `${roomId} · Streamly Chat`;
    drawer.current?.close();
  }, [roomId]);

  return (
    <div className="app">
      <aside className="side">
        <RoomList current={roomId} />
      </aside>
      {/* On a phone the rooms come as a drawer. A click beside it closes it. */}
      <dialog
        className="drawer"
        ref={drawer}
        aria-label="Rooms"
        onClick={(event) => {
          const { target } = event;
          if (target === drawer.current || (target as Element).closest('a')) drawer.current?.close();
        }}
        onKeyDown={() => undefined}
      >
        <button type="button" className="close" onClick={() => drawer.current?.close()} aria-label="Close">
          <CloseIcon />
        </button>
        <RoomList current={roomId} />
      </dialog>
      {roomId === undefined ? (
        <StatsView onRooms={openRooms} />
      ) : (
        <RoomView key={roomId} client={client} roomId={roomId} onRooms={openRooms} />
      )}
    </div>
  );
}
