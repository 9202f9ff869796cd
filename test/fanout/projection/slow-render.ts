import { type Render, turns } from '#test/fanout/fixture.js';

/** A renderer that completes only when the test calls `finish()`. Records the ids it has started. */
export class SlowRender {
  rendered: string[] = [];
  #waiting: (() => void)[] = [];

  readonly render: Render = (message) => {
    this.rendered.push(message.id);
    return new Promise((resolve) => this.#waiting.push(() => resolve(Buffer.from(message.id))));
  };

  async finish(): Promise<void> {
    for (const resolve of this.#waiting.splice(0)) resolve();
    await turns();
  }
}
