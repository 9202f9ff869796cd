import type { Feed, FeedListener } from '#domain/ports/feed.js';

/** A feed whose opening waits until it is let go, and whose listeners are in the test's hand. */
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

  letGo(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
