import type { Redis } from 'ioredis';

/** How often Redis has executed a command since CONFIG RESETSTAT. */
export async function callsOf(commands: Redis, command: string): Promise<number> {
  const stats = await commands.info('commandstats');
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}

/** Makes rooms `room0`, `room1` and so on, with one entry each. */
export async function fillRooms(commands: Redis, count: number): Promise<void> {
  const ids = Array.from({ length: count }, (_, index) => `room${index}`);
  for (let start = 0; start < count; start += 5_000) {
    const part = ids.slice(start, start + 5_000);
    const pipeline = commands.pipeline(part.map((id) => ['lpush', `messages:${id}`, 'x']));
    await pipeline.sadd('rooms:active', part).exec();
  }
}
