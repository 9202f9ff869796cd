/** The state of a room, with the test in the role of the server. */
import { Observable } from '@apollo/client';
import type { ResumeEvent } from 'streamly-chat-client';
import { describe, expect, test } from 'vitest';
import { refusal } from '#test/packages/client/scripted-client.js';
import type { ChatClient } from '../../web/page/chat-client.js';
import type { Message } from '../../web/page/room/message.js';
import { Outboxes } from '../../web/page/room/outboxes.js';
import { RoomSession } from '../../web/page/room/room-session.js';

const numbered = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => {
    const id = `${first + index}-0`;
    return {
      id,
      content: id,
      author: { id: 'Ann', name: 'Ann' },
      nonce: null,
      createdAt: '2026-01-31T18:30:00.000Z',
    };
  });

/** A request for a page of history. */
interface PageRequest {
  variables: { before?: string; after?: string };
  answer(messages: readonly Message[], hasMore: boolean): void;
  fail(code: string): void;
}

function openSession() {
  const requests: PageRequest[] = [];
  let deliver = (_message: Message): void => undefined;
  let tell = (_event: ResumeEvent): void => undefined;
  const apollo = {
    subscribe: () =>
      new Observable((observer) => {
        deliver = (messageAdded) => observer.next({ data: { messageAdded } });
      }),
    query: ({ variables }: PageRequest) =>
      new Promise((resolve, reject) => {
        requests.push({
          variables,
          answer: (nodes, hasMore) => {
            const pageInfo = { hasPreviousPage: hasMore, hasNextPage: hasMore };
            resolve({ data: { messages: { nodes, pageInfo } } });
          },
          fail: (code) => reject(refusal(code)),
        });
      }),
  };
  const client = {
    apollo,
    outboxes: new Outboxes(() => new Promise(() => undefined)),
    onRoomEvent: (_roomId: string, listener: typeof tell) => {
      tell = listener;
      return () => undefined;
    },
  } as unknown as ChatClient;
  const session = new RoomSession(client, 'room1');
  session.open();
  tell({ type: 'live', missed: 0 } as ResumeEvent);
  return {
    session,
    requests,
    receive: (first: number, last: number) => {
      for (const message of numbered(first, last)) deliver(message);
    },
    shown: () =>
      session
        .snapshot()
        .lines.map((line) => (line.kind === 'message' ? Number.parseInt(line.message.id, 10) : line.kind)),
  };
}

const between = (first: number, last: number) => numbered(first, last).map((_, index) => first + index);

describe('a page of history', () => {
  test('is dropped and requested again if the first messages arrived meanwhile', async () => {
    const { session, requests, receive, shown } = openSession();
    const reading = session.readOlder();
    expect(session.snapshot().reading).toBe(true);
    receive(5, 5);
    requests[0]!.answer(numbered(1, 5), false);
    await reading;
    expect(shown()).toEqual([5]);
    expect(session.snapshot()).toMatchObject({ reading: false, hasOlder: true });

    const again = session.readOlder();
    expect(requests[1]!.variables.before).toBe('5-0');
    requests[1]!.answer(numbered(1, 4), false);
    await again;
    expect(shown()).toEqual(between(1, 5));
  });

  test('is dropped if the user went to the newest messages meanwhile', async () => {
    const { session, requests, receive, shown } = openSession();
    receive(1_001, 1_500);
    session.follow(false);
    receive(1_501, 3_000);
    const reading = session.readOlder();
    session.jumpToNewest();
    requests[0]!.answer(numbered(951, 1_000), true);
    await reading;
    expect(shown()).toEqual(between(2_901, 3_000));
  });

  test('makes no gap if it expired after the user left that place', async () => {
    const { session, requests, receive, shown } = openSession();
    receive(1, 500);
    session.follow(false);
    receive(501, 3_000);
    const reading = session.readNewer();
    session.jumpToNewest();
    session.follow(false);
    receive(3_001, 5_000);
    requests[0]!.fail('CURSOR_EXPIRED');
    await reading;
    expect(session.snapshot().detached).toBe(true);
    expect(shown()).not.toContain('gap');
  });

  test('reports the direction in which reading failed, until the user goes to the newest messages', async () => {
    const { session, requests, receive } = openSession();
    receive(1, 500);
    session.follow(false);
    receive(501, 3_000);
    const older = session.readOlder();
    // Only one page is read at a time. The view asks again after it.
    await session.readNewer();
    expect(requests).toHaveLength(1);
    requests[0]!.fail('SERVICE_UNAVAILABLE');
    await older;
    expect(session.snapshot().historyFailed).toBe('older');

    const newer = session.readNewer();
    requests[1]!.fail('SERVICE_UNAVAILABLE');
    await newer;
    expect(session.snapshot().historyFailed).toBe('newer');
    session.jumpToNewest();
    expect(session.snapshot().historyFailed).toBeUndefined();
  });
});
