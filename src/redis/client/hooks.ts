/** Events that the Redis modules report instead of logging or counting them. No hook may throw. */
export interface RedisHooks {
  /** Background work failed, so no caller sees the error. `where` names the work. */
  onError?(where: string, error: unknown): void;
  /** A lost connection is ready again. */
  onReconnected?(where: string): void;
  /** Skipped an entry that is not a valid message, in the list or on the channel. */
  onMalformed?(where: 'list' | 'channel', roomId: string): void;
  /** A page that a replica may serve was read from one, or from the primary for this reason. */
  onHistoryRead?(from: 'replica' | ReplicaUnused): void;
}

/**
 * Why the primary was asked for a page that a replica may serve.
 * - `no_replica`: none is connected, or it has just failed.
 * - `behind`: it lacks messages that this server or the client has seen.
 * - `expired`: it does not hold the entry of the cursor. Only the primary can tell whether the cursor has expired.
 * - `failed`: it did not answer in time, or answered with an error.
 */
export type ReplicaUnused = 'no_replica' | 'behind' | 'expired' | 'failed';
