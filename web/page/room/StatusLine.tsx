import { useSyncExternalStore } from 'react';
import { type Status, wordsFor } from './status.js';

/** The state of the connection, in plain words. */
export function StatusLine({ status }: { status: Status }) {
  const online = useSyncExternalStore(subscribe, () => navigator.onLine);
  return (
    <p className="status" role="status" data-state={status.state}>
      <span className="dot" aria-hidden="true" />
      {wordsFor(status, online)}
    </p>
  );
}

function subscribe(onChange: () => void): () => void {
  addEventListener('online', onChange);
  addEventListener('offline', onChange);
  return () => {
    removeEventListener('online', onChange);
    removeEventListener('offline', onChange);
  };
}
