/**
 * How a server runs, by the fields of its INFO: `standalone`, `sentinel` or `cluster`. Valkey reports `server_mode`
 * instead of `redis_mode`. If neither is reported, the server counts as standalone.
 */
export function modeOf(field: (name: string) => string | undefined): string {
  return field('redis_mode') ?? field('server_mode') ?? 'standalone';
}
