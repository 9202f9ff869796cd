import { useSyncExternalStore } from 'react';

/** What the address says to show. */
export type Route = { view: 'room'; roomId: string } | { view: 'stats' };

const LOBBY = 'lobby';

/** What a room's id may be. */
export const ROOM_ID = /^[\w.-]{1,64}$/;

/** The address of a room. */
export function roomPath(roomId: string): string {
  return `/?room=${encodeURIComponent(roomId)}`;
}

/** Goes to another address of the page. */
export function navigate(path: string): void {
  if (path !== location.pathname + location.search) history.pushState(null, '', path);
  dispatchEvent(new PopStateEvent('popstate'));
}

/** The present route; it changes with the address. */
export function useRoute(): Route {
  const address = useSyncExternalStore(subscribe, () => location.pathname + location.search);
  const url = new URL(address, location.origin);
  if (url.pathname === '/stats') return { view: 'stats' };
  const asked = url.searchParams.get('room') ?? '';
  return { view: 'room', roomId: ROOM_ID.test(asked) ? asked : LOBBY };
}

function subscribe(onChange: () => void): () => void {
  addEventListener('popstate', onChange);
  return () => removeEventListener('popstate', onChange);
}
