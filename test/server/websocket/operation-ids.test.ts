/** Clients choose the ids of operations, and may reuse an id after completing it. */
import { describe, expect, test } from 'vitest';
import { paramsOf } from '#test/support/clients/http.js';
import { ConnectionCount } from '#test/support/documents.js';
import { until } from '#test/support/until.js';
import { expectDelivery, subscribeTo, useRooms } from './room-over-socket.js';

const { newRoom, openSocket, countOf } = useRooms();

describe('an id', () => {
  test.each([
    ['unicode', 'ключ-键-🔑'],
    ['quotes and backslashes', '"\\"/\b\n\t\u0000\u2028</script>'],
    ['half a surrogate pair', '\ud83d'],
    ['a placeholder', '<id>%s$&'],
    ['the name of an inherited property', '__proto__'],
    ['the name of another inherited property', 'constructor'],
    ['a space', ' '],
    ['the maximum length', 'x'.repeat(256)],
  ])('may be anything: %s', async (_what, id) => {
    const socket = await openSocket();
    const roomId = newRoom();
    socket.send(subscribeTo(roomId, id), subscribeTo(roomId, 'plain'));
    await expectDelivery(socket, roomId, 'one', [id, 'plain']);

    socket.send({ id, type: 'complete' });
    await expectDelivery(socket, roomId, 'two', ['plain']);

    socket.send(subscribeTo(roomId, id));
    await expectDelivery(socket, roomId, 'three', [id, 'plain']);
  });

  test('may be reused immediately after completing a subscription', async () => {
    const socket = await openSocket();
    const [first, second] = [newRoom(), newRoom()];
    socket.send(subscribeTo(first, '1'));
    await expectDelivery(socket, first, 'to the first', ['1']);

    socket.sendTogether({ id: '1', type: 'complete' }, subscribeTo(second, '1'));

    await expectDelivery(socket, second, 'to the second', ['1']);
    await expectDelivery(socket, first, 'to nobody', []);
    await until(async () => (await countOf(first)) === 0, { what: 'the first to be removed' });
    await until(async () => (await countOf(second)) === 1, { what: 'the second to be counted' });
  });

  test('may be reused while the operation that had it is still starting', async () => {
    const socket = await openSocket();
    const [first, second, third] = [newRoom(), newRoom(), newRoom()];
    const done = { id: '1', type: 'complete' };

    socket.sendTogether(
      subscribeTo(first, '1'),
      done,
      subscribeTo(second, '1'),
      done,
      subscribeTo(third, '1'),
    );

    await expectDelivery(socket, third, 'to the third', ['1']);
    await expectDelivery(socket, first, 'to nobody', []);
    await expectDelivery(socket, second, 'to nobody either', []);
    await until(async () => (await countOf(first)) + (await countOf(second)) === 0, {
      what: 'the others to be removed',
    });
    socket.send(done);
    await until(async () => (await countOf(third)) === 0, { what: 'the third to be removed' });
  });

  test('may be reused while the query that had it is still running, and gets its own answer', async () => {
    const socket = await openSocket();
    socket.sendTogether(
      { id: '1', type: 'subscribe', payload: paramsOf(ConnectionCount, { roomId: 'empty' }) },
      { id: '1', type: 'complete' },
      { id: '1', type: 'subscribe', payload: { query: '{ room(id: "mine") { id connectionCount } }' } },
    );
    expect(await socket.take(2)).toEqual([
      { id: '1', type: 'next', payload: { data: { room: { id: 'mine', connectionCount: 0 } } } },
      { id: '1', type: 'complete' },
    ]);
    expect(await socket.untilNow()).toEqual([]);
  });

  test('of a cancelled subscription is not kept, and its connection is not counted', async () => {
    const socket = await openSocket();
    const roomId = newRoom();
    for (let count = 0; count < 50; count++) {
      socket.sendTogether(subscribeTo(roomId, `id ${count}`), { id: `id ${count}`, type: 'complete' });
    }
    await expectDelivery(socket, roomId, 'to nobody', []);
    await until(async () => (await countOf(roomId)) === 0, { what: 'every connection to be removed' });
  });
});
