import { useEffect, useReducer } from 'react';

/** How often to update, in milliseconds: often enough to show each second for about a second. */
const UPDATE_MS = 250;

/** Whole seconds until a time in milliseconds since 1970, counting down to 0. */
export function useSecondsUntil(until: number): number {
  const [, update] = useReducer((updates: number) => updates + 1, 0);

  useEffect(() => {
    if (until <= Date.now()) return;
    const timer = setInterval(() => {
      update();
      if (until <= Date.now()) clearInterval(timer);
    }, UPDATE_MS);
    return () => clearInterval(timer);
  }, [until]);

  // Read the clock here: the last update may be from long before this wait began.
  return Math.max(0, Math.ceil((until - Date.now()) / 1_000));
}
