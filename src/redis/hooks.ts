/** What this side tells of itself: it logs and counts nothing. None of these may throw. */
export interface RedisHooks {
  /** Something failed that no caller hears of: `where` names the work, `error` is as Redis gave it. */
  onError?(where: string, error: unknown): void;
  /** A connection is there again after it was lost. */
  onReconnected?(where: string): void;
  /** An entry that is not a message of ours was stepped over: in the list, or on the channel. */
  onMalformed?(where: 'list' | 'channel', roomId: string): void;
}
