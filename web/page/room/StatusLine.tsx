import { useSyncExternalStore } from 'react';
import type { ConnectionProbe } from '../connection-probe.js';
import { isWaiting, labelFor, type Status } from './status.js';

interface Props {
  status: Status;
  probe: ConnectionProbe;
}

/** The state of the connection in plain words, with the reason if the server refuses to open one. */
export function StatusLine({ status, probe }: Props) {
  const online = useSyncExternalStore(subscribe, () => navigator.onLine);
  const problem = useSyncExternalStore(probe.subscribe, probe.problem);
  const isExplained = problem !== undefined && online && isWaiting(status);
  return (
    <p className="status" role="status" data-state={isExplained ? 'reconnecting' : status.state}>
      <span className="dot" aria-hidden="true" />
      {isExplained ? `Cannot connect: ${problem} Trying again…` : labelFor(status, online)}
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
