/** What every connection to Redis needs: to report its errors, to wait until it is ready, and to end it. */
import type { Redis } from 'ioredis';
import type { RedisHooks } from './hooks.js';

/** Reports an outage once rather than at each attempt. Without any 'error' listener, ioredis would log it. */
export function reportErrors(where: string, client: Redis, hooks: RedisHooks): void {
  let last: string | undefined;
  client.on('error', (error: Error & { code?: string }) => {
    const text = error.code ?? error.message;
    if (text !== last) hooks.onError?.(where, error);
    last = text;
  });
  let wasReady = false;
  client.on('ready', () => {
    last = undefined;
    if (wasReady) hooks.onReconnected?.(where);
    wasReady = true;
  });
}

/** Resolves to true once the client is ready, or to false when the signal aborts. */
export function whenReady(client: Redis, signal: AbortSignal): Promise<boolean> {
  if (client.status === 'ready') return Promise.resolve(true);
  return new Promise((resolve) => {
    const settle = () => {
      client.off('ready', settle);
      signal.removeEventListener('abort', settle);
      resolve(client.status === 'ready');
    };
    client.on('ready', settle);
    signal.addEventListener('abort', settle);
  });
}

/** Disconnects once pending commands have been answered or have failed. */
export async function end(client: Redis, withinMs: number): Promise<void> {
  if (client.status === 'ready') {
    // If QUIT fails, the connection is still closed below.
    await client.quit().catch(() => undefined);
  }
  // A client that waits to reconnect has no socket, so it emits no 'end' to wait for.
  const hasSocket = client.status !== 'reconnecting' && client.status !== 'end';
  const ended = hasSocket ? waitForEnd(client, withinMs) : undefined;
  client.disconnect();
  await ended;
}

function waitForEnd(client: Redis, withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      clearTimeout(timer);
      client.off('end', settle);
      resolve();
    };
    const timer = setTimeout(settle, withinMs);
    client.on('end', settle);
  });
}
