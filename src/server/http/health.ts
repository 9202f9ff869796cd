import { type Handler, sendJson } from './server.js';

/** Settings of `healthRoutes`. */
export interface HealthOptions {
  /**
   * Resolves if the store can serve, to the names of the parts that are away nevertheless. Otherwise rejects within a
   * time limit, with the reason as the message.
   */
  checkStore(): Promise<readonly string[]>;
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
        try {
          const missing = await checkStore();
          sendJson(response, 200, { status: 'ready', ...(missing.length > 0 && { missing }) });
        } catch (error) {
          sendJson(response, 503, { status: 'waiting', for: 'redis', reason: (error as Error).message });
        }
      },
    ],
  ]);
}
