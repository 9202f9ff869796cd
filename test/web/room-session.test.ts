/** A room as its view has it, with the server in the test's hands. */
import { Observable } from '@apollo/client';
import type { ResumeEvent } from 'streamly-chat-client';
import { describe, expect, it } from 'vitest';
import { refusal } from '#test/packages/client/scripted-client.js';
import type { ChatClient } from '../../web/page/chat-client.js';
import type { Message } from '../../web/page/room/message.js';
import { Outboxes } from '../../web/page/room/outboxes.js';
import { RoomSession } from '../../web/page/room/room-session.js';

const numbered = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => {
    const id = `${first + index}-0`;
    return { id, content: id, author: { id: 'Ann', name: 'Ann' }, createdAt: '2026-01-31T18:30:00.000Z' };
  });

/** A page of history that is asked for. */
interface Asked {
  variables: { before?: string; after?: string };
  answer(messages: readonly Message[], hasMore: boolean): void;
  fail(code: string): void;
}

function stage() {
  const asked: Asked[] = [];
  let comes = (_message: Message): void => undefined;
  let tell = (_event: ResumeEvent): void => undefined;
  const apollo = {
    subscribe: () =>
      new Observable((observer) => {
        comes = (messageAdded) => observer.next({ data: { messageAdded } });
      }),
    query: ({ variables }: Asked) =>
      new Promise((resolve, reject) => {
        asked.push({
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
    asked,
    come: (first: number, last: number) => {
      for (const message of numbered(first, last)) comes(message);
    },
    shown: () =>
      session
        .snapshot()
        .lines.map((line) => (line.kind === 'message' ? Number.parseInt(line.message.id, 10) : line.kind)),
  };
}

const between = (first: number, last: number) => numbered(first, last).map((_, index) => first + index);

describe('a page of history', () => {
  it('is left out where the first messages came meanwhile, and is asked for anew', async () => {
    const { session, asked, come, shown } = stage();
    const reading = session.readOlder();
    expect(session.snapshot().reading).toBe(true);
    come(5, 5);
    asked[0]!.answer(numbered(1, 5), false);
    await reading;
    expect(shown()).toEqual([5]);
    expect(session.snapshot()).toMatchObject({ reading: false, hasOlder: true });

    const again = session.readOlder();
    expect(asked[1]!.variables.before).toBe('5-0');
    asked[1]!.answer(numbered(1, 4), false);
    await again;
    expect(shown()).toEqual(between(1, 5));
  });

  it('is left out where one has gone to the newest meanwhile', async () => {
    const { session, asked, come, shown } = stage();
    come(1_001, 1_500);
    session.follow(false);
    come(1_501, 3_000);
    const reading = session.readOlder();
    session.jumpToNewest();
    asked[0]!.answer(numbered(951, 1_000), true);
    await reading;
    expect(shown()).toEqual(between(2_901, 3_000));
  });

  it('makes no gap where it has expired after that', async () => {
    const { session, asked, come, shown } = stage();
    come(1, 500);
    session.follow(false);
    come(501, 3_000);
    const reading = session.readNewer();
    session.jumpToNewest();
    session.follow(false);
    come(3_001, 5_000);
    asked[0]!.fail('CURSOR_EXPIRED');
    await reading;
    expect(session.snapshot().detached).toBe(true);
    expect(shown()).not.toContain('gap');
  });

  it('that failed is known by its direction, until one has gone to the newest', async () => {
    const { session, asked, come } = stage();
    come(1, 500);
    session.follow(false);
    come(501, 3_000);
    const older = session.readOlder();
    // Not at the same time: it is read as soon as the other has been.
    await session.readNewer();
    expect(asked).toHaveLength(1);
    asked[0]!.fail('SERVICE_UNAVAILABLE');
    await older;
    expect(session.snapshot().historyFailed).toBe('older');

    const newer = session.readNewer();
    asked[1]!.fail('SERVICE_UNAVAILABLE');
    await newer;
    expect(session.snapshot().historyFailed).toBe('newer');
    session.jumpToNewest();
    expect(session.snapshot().historyFailed).toBeUndefined();
  });
});
