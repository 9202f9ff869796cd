import type { Handler } from './server.js';
import { sendJson } from './server.js';

/** What a load balancer and an orchestrator ask. */
export interface HealthOptions {
  /** Resolves where the store answers; rejects within a time limit where it does not. */
  checkStore(): Promise<void>;
  isShuttingDown(): boolean;
}

/** Alive is a process that answers; ready is one that can serve. A node that is not ready is still alive. */
export function healthRoutes({ checkStore, isShuttingDown }: HealthOptions): Map<string, Handler> {
  return new Map<string, Handler>([
    ['/health/live', (_request, response) => sendJson(response, 200, { status: 'live' })],
    [
      '/health/ready',
      async (_request, response) => {
        if (isShuttingDown()) return sendJson(response, 503, { status: 'shutting down' });
        const answers = await checkStore().then(
          () => true,
          () => false,
        );
        if (answers) sendJson(response, 200, { status: 'ready' });
        else sendJson(response, 503, { status: 'waiting', for: 'redis' });
      },
    ],
  ]);
}
