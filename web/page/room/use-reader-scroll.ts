import { type RefObject, useCallback, useEffect, useRef } from 'react';

/**
 * How long after a gesture scrolling counts as the reader's, in milliseconds. It keeps moving for a while.
 */
const GESTURE_MS = 1_200;

const GESTURES = ['wheel', 'touchmove', 'pointerdown', 'keydown'] as const;

/** Events that end a press. Touches are cancelled as soon as they scroll. */
const RELEASES = ['pointerup', 'pointercancel'] as const;

export interface ReaderScroll {
  /** The reader has scrolled, to the end or away from it. */
  onReader(): void;
  /** The page has scrolled, because lines were added, removed or measured. */
  onDrift(): void;
}

/**
 * Tells scrolling by the reader from scrolling by the page, which says nothing about what the reader wants.
 * Returns a function that ends the current gesture: call it when a jump replaces the reader's scrolling.
 */
export function useReaderScroll(element: RefObject<HTMLElement | null>, scroll: ReaderScroll): () => void {
  const latest = useRef(scroll);
  latest.current = scroll;
  const gestureAt = useRef(Number.NEGATIVE_INFINITY);
  const held = useRef(false);

  useEffect(() => {
    const scroller = element.current;
    if (scroller === null) return;
    const gesture = (event: Event) => {
      gestureAt.current = performance.now();
      if (event.type === 'pointerdown') held.current = true;
    };
    const release = () => {
      if (held.current) gestureAt.current = performance.now();
      held.current = false;
    };
    const scrolled = () => {
      if (held.current || performance.now() - gestureAt.current < GESTURE_MS) latest.current.onReader();
      else latest.current.onDrift();
    };
    for (const type of GESTURES) scroller.addEventListener(type, gesture, { passive: true });
    for (const type of RELEASES) addEventListener(type, release);
    scroller.addEventListener('scroll', scrolled, { passive: true });
    return () => {
      for (const type of GESTURES) scroller.removeEventListener(type, gesture);
      for (const type of RELEASES) removeEventListener(type, release);
      scroller.removeEventListener('scroll', scrolled);
    };
  }, [element]);

  return useCallback(() => {
    gestureAt.current = Number.NEGATIVE_INFINITY;
    held.current = false;
  }, []);
}
