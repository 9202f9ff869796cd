import { describe, expect, test } from 'vitest';
import type { Message } from '../../web/page/room/message.js';
import { Timeline } from '../../web/page/room/timeline.js';

const message = (number: number): Message => ({
  id: `${number}-0`,
  author: { id: 'guest:Ann', name: 'Ann' },
  content: `message ${number}`,
  nonce: null,
  createdAt: new Date(number).toISOString(),
});
const numbered = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => message(first + index));
const shown = ({ lines }: Timeline) =>
  lines.map((line) => (line.kind === 'message' ? Number(line.message.id.split('-')[0]) : line.kind));
const between = (first: number, last: number) => numbered(first, last).map((_, index) => first + index);

function timelineOf(first: number, last: number): Timeline {
  const timeline = new Timeline();
  for (const each of numbered(first, last)) timeline.append(each);
  return timeline;
}

describe('a timeline that follows', () => {
  test('holds the newest of 50,000 messages, never more than 1,000', () => {
    const timeline = new Timeline();
    for (const each of numbered(1, 50_000)) {
      timeline.append(each);
      expect(timeline.lines.length).toBeLessThanOrEqual(1_000);
    }
    expect(shown(timeline)).toEqual(between(50_001 - timeline.lines.length, 50_000));
    expect(timeline).toMatchObject({ hasOlder: true, detached: false, unread: 0, newestId: '50000-0' });
  });
});

describe('a timeline that looks back', () => {
  test('keeps its position, counts new messages, and never holds more than 1,000', () => {
    const timeline = timelineOf(1, 500);
    timeline.follow(false);
    for (const each of numbered(501, 50_500)) timeline.append(each);
    expect(shown(timeline)).toEqual(between(1, 1_000));
    expect(timeline).toMatchObject({ detached: true, unread: 50_000 });
    timeline.follow(true);
    expect(timeline.following).toBe(false);
  });

  test('jumps to the newest messages, and can read history again from there', () => {
    const timeline = timelineOf(1, 500);
    timeline.follow(false);
    for (const each of numbered(501, 3_000)) timeline.append(each);
    timeline.jumpToNewest();
    expect(shown(timeline)).toEqual(between(2_901, 3_000));
    expect(timeline).toMatchObject({ following: true, detached: false, unread: 0, hasOlder: true });
  });

  test('reads page by page up to the newest message, without a gap or a duplicate', () => {
    const timeline = timelineOf(1, 500);
    timeline.follow(false);
    for (const each of numbered(501, 1_650)) timeline.append(each);
    const seen = new Set(shown(timeline));
    let newest = 1_650;
    for (let page = 0; timeline.detached; page += 1) {
      expect(page).toBeLessThan(50);
      timeline.beginNewer();
      const from = Number(timeline.newestShown!.split('-')[0]) + 1;
      const to = Math.min(from + 99, newest);
      // More messages arrive while the page is being read.
      newest += 30;
      for (const each of numbered(newest - 29, newest)) timeline.append(each);
      timeline.appendPage({ messages: numbered(from, to), hasMore: to < newest - 30 });
      const now = shown(timeline) as number[];
      expect(now).toEqual(between(now[0]!, now.at(-1)!));
      for (const number of now) seen.add(number);
    }
    expect([...seen].length).toBe(newest);
  });

  test('makes room for older pages by dropping the newest lines', () => {
    const timeline = timelineOf(2_001, 2_980);
    timeline.follow(false);
    timeline.prepend({ messages: numbered(1_951, 2_000), hasMore: true });
    expect(shown(timeline)).toEqual(between(1_951, 2_950));
    expect(timeline.detached).toBe(true);
    timeline.append(message(2_981));
    timeline.beginNewer();
    timeline.appendPage({ messages: numbered(2_951, 2_981), hasMore: false });
    expect(timeline.detached).toBe(false);
    expect(shown(timeline).at(-1)).toBe(2_981);
  });
});

describe('a page of history', () => {
  test('adds no message that is shown already', () => {
    const timeline = timelineOf(5, 6);
    timeline.prepend({ messages: numbered(1, 6), hasMore: false });
    expect(shown(timeline)).toEqual(between(1, 6));
  });

  test('may contain a message before the subscription delivers it', () => {
    const timeline = new Timeline();
    timeline.prepend({ messages: numbered(1, 3), hasMore: false });
    for (const each of numbered(3, 4)) timeline.append(each);
    expect(shown(timeline)).toEqual(between(1, 4));
    expect(timeline.newestId).toBe('4-0');
  });
});

describe('a gap', () => {
  test('is shown as a line if there are messages before it', () => {
    const timeline = new Timeline();
    timeline.markGap();
    for (const each of numbered(1, 2)) timeline.append(each);
    timeline.follow(false);
    timeline.markGap();
    timeline.append(message(9));
    expect(shown(timeline)).toEqual([1, 2, 'gap', 9]);
  });

  test('starts a following timeline again after it, with the remaining history to read', () => {
    const timeline = timelineOf(1, 2);
    timeline.markGap();
    expect(shown(timeline)).toEqual([1, 2, 'gap']);
    for (const each of numbered(50, 51)) timeline.append(each);
    expect(shown(timeline)).toEqual([50, 51]);
    expect(timeline.hasOlder).toBe(true);
    timeline.prepend({ messages: numbered(30, 49), hasMore: true });
    expect(shown(timeline)).toEqual(between(30, 51));
    timeline.prepend({ messages: numbered(20, 29), hasMore: false });
    expect(shown(timeline)).toEqual(['gap', ...between(20, 51)]);
    timeline.append(message(52));
    timeline.follow(false);
    timeline.follow(true);
    expect(shown(timeline)).toEqual(['gap', ...between(20, 52)]);
  });

  test('is shown in its place if the store lost only the newest messages', () => {
    const timeline = timelineOf(1, 20);
    timeline.markGap();
    timeline.append(message(50));
    timeline.prepend({ messages: numbered(30, 49), hasMore: true });
    timeline.prepend({ messages: [...numbered(8, 12), ...numbered(28, 29)], hasMore: true });
    expect(shown(timeline)).toEqual([...between(8, 12), 'gap', ...between(28, 50)]);
  });

  test('starts the timeline again after it when the user returns to the newest message', () => {
    const timeline = timelineOf(1, 2);
    timeline.follow(false);
    timeline.markGap();
    timeline.append(message(50));
    timeline.follow(true);
    expect(shown(timeline)).toEqual([50]);
    expect(timeline.hasOlder).toBe(true);
  });

  test('is not shown if the window reaches the newest message, and nothing is shown twice', () => {
    const timeline = timelineOf(2_001, 3_000);
    timeline.follow(false);
    timeline.append(message(3_001));
    expect(timeline.detached).toBe(true);
    timeline.joinWithGap();
    expect(shown(timeline)).toEqual(between(2_202, 3_001));
  });

  test('joins the window to the newest messages if those in between have expired', () => {
    const timeline = timelineOf(1, 500);
    timeline.follow(false);
    for (const each of numbered(501, 3_000)) timeline.append(each);
    timeline.joinWithGap();
    expect(shown(timeline).at(-101)).toBe('gap');
    expect(shown(timeline).at(-1)).toBe(3_000);
  });
});
