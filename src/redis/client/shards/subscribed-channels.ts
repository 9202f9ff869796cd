import type { Redis } from 'ioredis';

/** The part of ioredis that knows what a connection is subscribed to. It follows the messages of Redis, not the commands. */
type WithSubscriptions = {
  condition?: { subscriber: false | { channels(of: 'ssubscribe'): string[] } };
};

/**
 * The channels that Redis has confirmed and not ended since. Redis ends a subscription by itself when its slot moves, and
 * says so with `sunsubscribe`. ioredis then emits 'moved' without the name of the channel, and if a SUNSUBSCRIBE for
 * another channel is under way, it takes the message for its answer, and the real answer for the event.
 */
export function subscribedChannels(subscriber: Redis): ReadonlySet<string> {
  const { condition } = subscriber as unknown as WithSubscriptions;
  return new Set(condition?.subscriber ? condition.subscriber.channels('ssubscribe') : []);
}
