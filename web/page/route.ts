import { useSyncExternalStore } from 'react';
import { settings } from './settings.js';

/** The view that the address names. */
export type Route =
  | { view: 'room'; roomId: string }
  /** The address names a room by an id that no room can have. */
  | { view: 'invalid-room'; asked: string }
  | { view: 'stats' };

/** The room that opens if the address names no room. */
export const LOBBY = 'lobby';

const ROOM_ID = new RegExp(`^[\\w.-]{1,${settings.roomIdLength}}$`);

/** What a room id may contain, as shown to people. */
export const ROOM_ID_RULE = `1 to ${settings.roomIdLength} letters, digits, “_”, “-” and “.”`;

/** Whether a text can be the id of a room. */
export function isRoomId(text: string): boolean {
  return ROOM_ID.test(text);
}

/** The address of a room, as a path of this page. */
export function roomPath(roomId: string): string {
  return `/?room=${encodeURIComponent(roomId)}`;
}

/** Goes to another path of this page without reloading it. */
export function navigate(path: string): void {
  if (path !== location.pathname + location.search) history.pushState(null, '', path);
  dispatchEvent(new PopStateEvent('popstate'));
}

/** The current route. Renders again when the address changes. */
export function useRoute(): Route {
  const address = useSyncExternalStore(subscribe, () => location.pathname + location.search);
  const url = new URL(address, location.origin);
  if (url.pathname === '/stats') return { view: 'stats' };
  const asked = url.searchParams.get('room') || LOBBY;
  return isRoomId(asked) ? { view: 'room', roomId: asked } : { view: 'invalid-room', asked };
}

function subscribe(onChange: () => void): () => void {
  addEventListener('popstate', onChange);
  return () => removeEventListener('popstate', onChange);
}
