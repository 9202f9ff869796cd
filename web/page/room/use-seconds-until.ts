import { useEffect, useReducer } from 'react';

/** How often the seconds are looked at, in milliseconds: none is shown much longer than it lasts. */
const LOOK_MS = 250;

/** Whole seconds until a time in milliseconds since 1970, counting down to 0. */
export function useSecondsUntil(until: number): number {
  const [, look] = useReducer((looks: number) => looks + 1, 0);

  useEffect(() => {
    if (until <= Date.now()) return;
    const timer = setInterval(() => {
      look();
      if (until <= Date.now()) clearInterval(timer);
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, [until]);

  // By the clock and not by the last look: that may be from long before this wait began.
  return Math.max(0, Math.ceil((until - Date.now()) / 1_000));
}
