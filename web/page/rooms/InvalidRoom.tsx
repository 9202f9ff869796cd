import { MenuIcon } from '../icons.js';
import { Link } from '../Link.js';
import { LOBBY, ROOM_ID_RULE, roomPath } from '../route.js';

interface Props {
  /** The room id in the address. */
  asked: string;
  onOpenRooms(): void;
}

/** Longer ids are cut when they are shown. */
const SHOWN_LENGTH = 80;

/** Shown if the address names a room by an id that no room can have. */
export function InvalidRoom({ asked, onOpenRooms }: Props) {
  const shown = asked.length > SHOWN_LENGTH ? `${asked.slice(0, SHOWN_LENGTH)}…` : asked;
  return (
    <main className="view">
      <header className="bar">
        <button type="button" className="menu" onClick={onOpenRooms} aria-label="Rooms">
          <MenuIcon />
        </button>
        <h1>Invalid room</h1>
      </header>
      <div className="notice" role="alert">
        <p>
          “<bdi>{shown}</bdi>” cannot be the id of a room. A room id has {ROOM_ID_RULE}.
        </p>
        <p>
          <Link href={roomPath(LOBBY)}>Go to the lobby</Link>
        </p>
      </div>
    </main>
  );
}
