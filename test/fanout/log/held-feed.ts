import type { Feed, FeedListener } from '#domain/ports/feed.js';

/** A feed that opens only when the test calls `release()`. The test also controls its listeners. */
export class HeldFeed implements Feed {
  readonly listeners: FeedListener[] = [];
  readonly waiting: (() => void)[] = [];
  opened = 0;
  closed = 0;
  refusal: Error | undefined;

  async open(_roomId: string, listener: FeedListener) {
    this.opened += 1;
    await new Promise<void>((resolve) => this.waiting.push(resolve));
    if (this.refusal) throw this.refusal;
    this.listeners.push(listener);
    let isOpen = true;
    return {
      close: async () => {
        if (isOpen) this.closed += 1;
        isOpen = false;
      },
    };
  }

  release(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
