import { describe, expect, test } from 'vitest';
import type { Role, Viewer } from '#domain/viewer.js';
import { recording, run } from '#test/graphql/recording.js';
import {
  EndSession,
  RoomById,
  SendMessage,
  SetSlowMode,
  StartSession,
  Viewer as ViewerQuery,
} from '#test/support/documents.js';

const viewerWith = (...roles: Role[]): Viewer => ({
  user: { id: 'u1', name: 'Ada' },
  roles: ['viewer', ...roles],
  sessionId: 's1',
});

describe('viewer', () => {
  test('is the caller with their roles', async () => {
    const { data } = await run(ViewerQuery, {}, { viewer: viewerWith('moderator') });
    expect(data).toEqual({
      viewer: { user: { id: 'u1', name: 'Ada' }, roles: ['VIEWER', 'MODERATOR'] },
    });
  });

  test('is null for a guest', async () => {
    expect((await run(ViewerQuery, {})).data).toEqual({ viewer: null });
  });
});

describe('startSession', () => {
  test('starts a session for anyone, trims the name, and counts it against the limit', async () => {
    const { calls, data } = await run(StartSession, { name: ' Ann ' });
    expect(data).toEqual({ startSession: { token: 'token', user: { id: 'user:1', name: 'Ann' } } });
    expect(calls).toEqual([
      ['take', 'sessions', ''],
      ['start', 'Ann', ['viewer']],
    ]);
  });

  test.each(['', '   ', 'x'.repeat(41), 'a\nb'])('refuses the name %j', async (name) => {
    const { calls, refusal } = await run(StartSession, { name });
    expect(refusal).toMatchObject({ code: 'BAD_USER_INPUT', field: 'name' });
    expect(calls).toEqual([]);
  });

  test('is FORBIDDEN if the platform signs its users in', async () => {
    for (const viewer of [null, viewerWith(), viewerWith('moderator')]) {
      const { calls, refusal } = await run(StartSession, { name: 'Ann' }, { viewer, openSessions: false });
      expect(refusal?.code).toBe('FORBIDDEN');
      expect(calls).toEqual([]);
    }
  });

  test('assigns roles only for the platform, which is not limited', async () => {
    const asked = { name: 'Ann', roles: ['MODERATOR'] };
    for (const viewer of [null, viewerWith('moderator')]) {
      const { calls, refusal } = await run(StartSession, asked, { viewer });
      expect(refusal?.code).toBe('FORBIDDEN');
      expect(calls).toEqual([]);
    }
    const { calls } = await run(StartSession, asked, { viewer: viewerWith('service'), openSessions: false });
    expect(calls).toEqual([['start', 'Ann', ['viewer', 'moderator']]]);
  });
});

describe('endSession', () => {
  test("ends the caller's session", async () => {
    const { calls, data } = await run(EndSession, {}, { viewer: viewerWith() });
    expect(calls).toEqual([['end', 's1']]);
    expect(data).toEqual({ endSession: true });
  });

  test('returns false for a guest and for a platform token', async () => {
    const { sessionId: _, ...byToken } = viewerWith();
    for (const viewer of [null, byToken]) {
      const { calls, data } = await run(EndSession, {}, { viewer });
      expect(calls).toEqual([]);
      expect(data).toEqual({ endSession: false });
    }
  });
});

describe('setSlowMode', () => {
  test.each(['moderator', 'service'] as const)('is allowed for a %s', async (role) => {
    const { calls, data } = await run(
      SetSlowMode,
      { roomId: 'room1', seconds: 30 },
      { viewer: viewerWith(role) },
    );
    expect(calls).toEqual([
      ['set', 'room1', 30],
      ['slowModes', ['room1']],
    ]);
    expect(data).toEqual({ setSlowMode: { id: 'room1', slowModeSeconds: 5 } });
  });

  test('is FORBIDDEN for viewers and guests', async () => {
    for (const viewer of [null, viewerWith()]) {
      const { calls, refusal } = await run(SetSlowMode, { roomId: 'room1', seconds: 30 }, { viewer });
      expect(refusal?.code).toBe('FORBIDDEN');
      expect(calls).toEqual([]);
    }
  });

  test.each([-1, 3_601])('refuses %i seconds', async (seconds) => {
    const { refusal } = await run(
      SetSlowMode,
      { roomId: 'room1', seconds },
      { viewer: viewerWith('moderator') },
    );
    expect(refusal).toMatchObject({ code: 'BAD_USER_INPUT', field: 'seconds' });
  });
});

test('the slow modes of several rooms are loaded together', async () => {
  const query = '{ a: room(id: "a") { slowModeSeconds } bb: room(id: "bb") { slowModeSeconds } }';
  const { calls, data } = await run(query, {});
  expect(calls).toEqual([['slowModes', ['a', 'bb']]]);
  expect(data).toEqual({ a: { slowModeSeconds: 1 }, bb: { slowModeSeconds: 2 } });
  expect((await run(RoomById, { id: 'a' })).errors).toBeUndefined();
});

describe('the sender, as rate limits count it', () => {
  const input = { roomId: 'room1', content: 'hello', author: 'Ann' };
  const senderFor = async (viewer: Viewer | null, address: string) => {
    const { calls, contexts } = recording();
    const context = contexts.forOperation({ viewer, connectionId: 'c1', address });
    await run(SendMessage, { input }, { context });
    return calls[0]?.[2];
  };

  test('is the viewer, from any address', async () => {
    expect(await senderFor(viewerWith(), '192.0.2.1')).toEqual({
      id: 'u1',
      address: '192.0.2.1',
      exempt: 'from nothing',
    });
  });

  test('is a guest with name and address, so guests with the same name do not share a limit', async () => {
    expect(await senderFor(null, '192.0.2.1')).toMatchObject({ id: 'guest:Ann@192.0.2.1' });
    expect(await senderFor(null, '192.0.2.2')).toMatchObject({ id: 'guest:Ann@192.0.2.2' });
  });

  test('is exempt if they are a moderator or the platform', async () => {
    expect(await senderFor(viewerWith('moderator'), 'x')).toMatchObject({ exempt: 'from slow mode' });
    expect(await senderFor(viewerWith('service'), 'x')).toMatchObject({ exempt: 'from all limits' });
  });
});
