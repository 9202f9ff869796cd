import type { Config } from '#config/config.js';

/**
 * The configuration of one worker. Limits on what a whole server holds are divided among its workers, rounded up, so that
 * the server holds about as much however many workers it has. 0 stays 0: no limit.
 *
 * Limits on one address stay as they are, because all connections of an address may be on one worker.
 */
export function shareOf<C extends Config>(config: C): C {
  const share = (total: number) => Math.ceil(total / config.workers);
  const { protection } = config;
  return {
    ...config,
    frameCacheBytes: share(config.frameCacheBytes),
    protection: {
      ...protection,
      answers: { ...protection.answers, inAll: share(protection.answers.inAll) },
      unread: { ...protection.unread, inAll: share(protection.unread.inAll) },
      connections: share(protection.connections),
    },
  };
}
