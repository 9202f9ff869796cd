import { run } from '#test/support/clients/http.js';
import type { SendMessageMutation } from '#test/support/generated/graphql.js';
import { SendMessage } from './documents.js';
import type { TestServer } from './server.js';

/** Sends messages one after the other and returns them as stored. */
export async function say(
  server: TestServer,
  roomId: string,
  ...contents: string[]
): Promise<SendMessageMutation['sendMessage'][]> {
  const sent: SendMessageMutation['sendMessage'][] = [];
  for (const content of contents) {
    sent.push((await run(server, SendMessage, { input: { roomId, content, author: 'Ann' } })).sendMessage);
  }
  return sent;
}

/** Returns `count` texts: `text 1`, `text 2`, and so on. */
export function texts(count: number, text = 'text'): string[] {
  return Array.from({ length: count }, (_, index) => `${text} ${index + 1}`);
}
