import type { IncomingMessage, RequestListener } from 'node:http';
import { readyPath } from './environment.js';
import { type Message, newMessage, type SendMessageInput } from './schema.js';

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/**
 * Handles POST /send for contenders without GraphQL. Answers with the message when `publish` has resolved.
 */
export function sendEndpoint(publish: (message: Message) => Promise<unknown> | unknown): RequestListener {
  return async (request, response) => {
    if (request.url === readyPath) {
      response.end('ready');
    } else if (request.method === 'POST' && request.url === '/send') {
      const message = newMessage(JSON.parse(await readBody(request)) as SendMessageInput);
      await publish(message);
      response.setHeader('content-type', 'application/json').end(JSON.stringify(message));
    } else {
      response.writeHead(404).end();
    }
  };
}
