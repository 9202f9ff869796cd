import { connect } from 'node:net';

/**
 * A port on 127.0.0.1 that nothing listens on at this moment; another process may take it before you do.
 * It lies below the ports that the system gives to outgoing connections: a client that tries again and
 * again to reach a port among those can end up connected to itself, and then holds the server's port.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (await isRefused(port)) return port;
  }
}

/** Asked by connecting: to listen, though for a moment, would take the port from somebody else who starts. */
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
