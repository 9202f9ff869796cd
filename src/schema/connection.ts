import type { Message } from '../chat/message.js';
import type { Page } from '../chat/repository.js';

/** A page in the shape of a Relay connection: a message's cursor is its id. */
export function connectionOf({ messages, hasOlder, hasNewer }: Page) {
  return {
    edges: messages.map((node: Message) => ({ cursor: node.id, node })),
    pageInfo: {
      hasPreviousPage: hasOlder,
      hasNextPage: hasNewer,
      startCursor: messages.at(0)?.id ?? null,
      endCursor: messages.at(-1)?.id ?? null,
    },
  };
}
