import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useLayoutEffect, useRef } from 'react';
import { DownIcon } from '../icons.js';
import { MessageLine, PendingLine } from './MessageLine.js';
import type { RoomSession, RoomSnapshot } from './room-session.js';
import { plural } from './status.js';
import { useReaderScroll } from './use-reader-scroll.js';

interface Props {
  session: RoomSession;
  snapshot: RoomSnapshot;
  /** The user's own name. */
  name: string;
  /** Grows each time the user wants to see the newest message. */
  jumps: number;
  onJump(): void;
  /** A failed message was retried or discarded, so the button that had the focus is gone. */
  onSettle(): void;
}

/** The estimated height of a line before it is measured, in pixels. */
const LINE_HEIGHT = 28;

/** How many lines to render above and below the visible ones. */
const OVERSCAN = 12;

/** How near to an end of the window, in lines, the next page is read. */
const NEAR = 15;

/** How near to its end, in pixels, the list counts as being at its end. */
const AT_END = 48;

/** The messages of a room. Of the known lines, only those near the visible part are rendered. */
export function MessageList({ session, snapshot, name, jumps, onJump, onSettle }: Props) {
  const { lines, pending, detached, following, unread, hasOlder, reading, historyFailed, status } = snapshot;
  const scroller = useRef<HTMLDivElement>(null);
  const shown = detached ? lines.length : lines.length + pending.length;
  const keyOf = useCallback(
    (index: number) => (lines[index] ?? pending[index - lines.length])?.key ?? index,
    [lines, pending],
  );
  const virtualizer = useVirtualizer({
    count: shown,
    getScrollElement: () => scroller.current,
    getItemKey: keyOf,
    estimateSize: () => LINE_HEIGHT,
    overscan: OVERSCAN,
    anchorTo: 'end',
    followOnAppend: following,
    scrollEndThreshold: AT_END,
    paddingStart: 12,
    paddingEnd: 12,
  });
  const items = virtualizer.getVirtualItems();

  const endGesture = useReaderScroll(scroller, {
    onReader: () => session.follow(virtualizer.isAtEnd(AT_END)),
    onDrift: () => {
      if (following && !virtualizer.isAtEnd(1)) virtualizer.scrollToEnd();
    },
  });

  // The virtualizer keeps heights by key. Drop those of lines that are gone, or they would stay forever.
  useEffect(() => {
    const heights = virtualizer.itemSizeCache;
    if (heights.size < 2 * shown + 200) return;
    const kept = new Set(Array.from({ length: shown }, (_, index) => keyOf(index)));
    for (const key of heights.keys()) if (!kept.has(key as string)) heights.delete(key);
  }, [virtualizer, shown, keyOf]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: each jump scrolls again
  useLayoutEffect(() => {
    endGesture();
    virtualizer.scrollToEnd();
  }, [jumps, virtualizer, endGesture]);

  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  const isLive = status.state !== 'connecting';
  useEffect(() => {
    if (reading) return;
    const wantsOlder = hasOlder && first < NEAR && (!following || shown < 2 * NEAR);
    if (isLive && historyFailed !== 'older' && wantsOlder) void session.readOlder();
    if (historyFailed !== 'newer' && detached && last >= shown - NEAR) void session.readNewer();
  }, [session, isLive, reading, historyFailed, hasOlder, first, last, shown, following, detached]);

  return (
    <div className="list">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keyboard users must be able to scroll it */}
      <div className="scroller" ref={scroller} tabIndex={0} role="log" aria-live="off" aria-label="Messages">
        <div className="lines" style={{ height: virtualizer.getTotalSize() }}>
          <div style={{ transform: `translateY(${items[0]?.start ?? 0}px)` }}>
            {items.map(({ key, index }) => {
              const line = lines[index];
              const pendingMessage = pending[index - lines.length];
              return (
                <div key={key} data-index={index} ref={virtualizer.measureElement}>
                  {line && (
                    <MessageLine
                      line={line}
                      above={lines[index - 1]}
                      isOwn={line.kind === 'message' && line.message.author.name === name}
                    />
                  )}
                  {!line && pendingMessage && (
                    <PendingLine
                      pending={pendingMessage}
                      onRetry={(nonce) => {
                        session.retry(nonce);
                        onSettle();
                      }}
                      onDiscard={(nonce) => {
                        session.discard(nonce);
                        onSettle();
                      }}
                    />
                  )}
                </div>
              );
            })}
          </div>
        </div>
        {shown === 0 && isLive && !hasOlder && <p className="empty">No messages yet. Say hello.</p>}
      </div>
      {historyFailed && (
        <p className="list-note" role="alert">
          {historyFailed === 'older' ? 'Older' : 'Newer'} messages could not be loaded.
          <button
            type="button"
            onClick={() => {
              void (historyFailed === 'older' ? session.readOlder() : session.readNewer());
              scroller.current?.focus();
            }}
          >
            Try again
          </button>
        </p>
      )}
      {!following && (
        <button type="button" className="newest" onClick={onJump}>
          <DownIcon />
          {unread > 0 ? plural(unread, 'new message') : 'Newest'}
        </button>
      )}
    </div>
  );
}
