import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectSender, SocketClient, WITHOUT_LIMITS } from '#test/fanout/socket-client.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer(WITHOUT_LIMITS);
let sender: Awaited<ReturnType<typeof connectSender>>;
beforeAll(async () => {
  sender = await connectSender(used.redis.url, 10_000);
});
afterAll(() => sender.close());

describe('a socket that closes in the middle of a flush', () => {
  test.each<[string, (viewer: SocketClient) => void]>([
    ['breaks off', ({ socket }) => socket.terminate()],
    ['closes normally', ({ socket }) => socket.close(1000)],
    [
      'stalls and then breaks off',
      (viewer) => {
        viewer.stall();
        setImmediate(() => viewer.close());
      },
    ],
  ])('and %s takes nothing from the others', async (how, leave) => {
    const room = how.replaceAll(/\W/g, '-');
    const viewers = await Promise.all(Array.from({ length: 40 }, () => SocketClient.join(used.server, room)));
    const staying = viewers.filter((_, index) => index % 2 === 0);
    const leaving = viewers.filter((_, index) => index % 2 === 1);
    const passing = sender.send(room, 2_000, 300);
    for (const [index, viewer] of leaving.entries()) {
      await until(() => staying[0]!.received > index * 50, { what: 'messages under way', interval: 1 });
      leave(viewer);
    }
    await passing;
    await until(() => staying.every(({ received }) => received === 2_000), { what: 'all messages' });
    for (const viewer of viewers) expect(viewer).toMatchObject({ disorder: [], errors: [] });
    for (const viewer of staying) viewer.close();
    await until(async () => (await used.redis.cli('scard', `connections:${room}`)) === '0', {
      what: 'the room to be empty',
    });
  });
});
