import { connect } from 'node:net';

/**
 * Finds a port on 127.0.0.1 that nothing listens on right now. Another process may still take it first.
 *
 * The port is below the range for outgoing connections. A client that keeps retrying a port within that range
 * can end up connected to itself and occupy the server's port.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (await isRefused(port)) return port;
  }
}

/** Tests by connecting. Listening, even briefly, could take the port from another process that starts. */
function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });
}
