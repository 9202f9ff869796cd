/** What the page says if its WebSocket does not open. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useServer } from '#test/support/use-server.js';
import { startWrongHostProxy, type WrongHostProxy } from '#test/support/wrong-host-proxy.js';
import { RoomPage, useBrowser } from './browser.js';

const browser = useBrowser();

describe('behind a proxy that passes on a wrong Host', () => {
  const used = useServer({ NODE_ENV: 'production', ALLOW_GUESTS: 'true' });
  let proxy: WrongHostProxy;
  beforeAll(async () => {
    proxy = await startWrongHostProxy(used.server.origin);
  });
  afterAll(() => proxy?.close());
  const REASON = 'Cannot connect: This origin is not allowed. Trying again…';

  test('a room shows why the server refuses it', async () => {
    const { page, faults } = await browser.page();
    await page.goto(`${proxy.origin}/?room=lobby`);
    await new RoomPage(page, faults).hasStatus(REASON);
    expect(faults).toEqual([]);
  });

  test('the view of the load shows it too', async () => {
    const { page, faults } = await browser.page();
    await page.goto(`${proxy.origin}/stats`);
    await new RoomPage(page, faults).hasStatus(REASON);
  });

  test('a message fails at once with the reason', async () => {
    const { page, faults } = await browser.page();
    await page.goto(`${proxy.origin}/?room=lobby`);
    await new RoomPage(page, faults).say('hello');
    await page.getByText('Not sent: This origin is not allowed.').waitFor();
  });
});

describe('behind a proxy without WebSockets', () => {
  const used = useServer();

  test('says that only WebSockets fail, until one opens', async () => {
    const { page, faults } = await browser.page();
    let isOpen = false;
    await page.routeWebSocket('**/graphql', (socket) => {
      if (isOpen) socket.connectToServer();
      else void socket.close({ code: 1011 });
    });
    await page.goto(`${used.server.origin}/?room=lobby`);
    const room = new RoomPage(page, faults);
    await room.hasStatus('Cannot connect: The server answers, but WebSocket connections fail. Trying again…');
    isOpen = true;
    await room.hasStatus('Live');
  }, 60_000);
});
