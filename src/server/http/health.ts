import { type Handler, sendJson } from './server.js';

/** Settings of `healthRoutes`. */
export interface HealthOptions {
  /** Resolves if the store answers. Otherwise rejects within a time limit. */
  checkStore(): Promise<void>;
  isShuttingDown(): boolean;
}

/**
 * The routes for load balancers and orchestrators. A node is live if it answers, and ready if it can serve.
 */
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
