import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestServer } from '#test/support/server.js';

/** The pause between two requests, in milliseconds. */
const PAUSE_MS = 3;

/**
 * Asks a server for its health again and again. A client that gets no answer cannot know whether the server is busy or
 * waits for more input. After a few beats, the server has read everything that was sent before.
 */
export class Pulse {
  /** Answers so far. */
  beats = 0;
  #isStopped = false;
  readonly #ended: Promise<void>;

  constructor(private readonly server: TestServer) {
    this.#ended = this.#beat();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#ended;
  }

  async #beat(): Promise<void> {
    while (!this.#isStopped) {
      // If the server fails, others notice.
      await this.#ask().catch(() => undefined);
      this.beats += 1;
      await sleep(PAUSE_MS);
    }
  }

  #ask(): Promise<void> {
    return new Promise((resolve, reject) => {
      // A new connection each time: a busy server may take long to accept one.
      get(`${this.server.origin}/health/live`, { agent: false }, (response) => {
        response.resume().once('end', resolve).once('error', reject);
      }).once('error', reject);
    });
  }
}
