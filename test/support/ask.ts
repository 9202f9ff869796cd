import { type Params, post } from '#test/support/clients/http.js';
import type { TestServer } from './server.js';

/** Runs an operation over HTTP. Returns its data, or the code of its first error. */
export async function ask<Data = unknown>(node: TestServer, params: Params): Promise<Data | string> {
  const { body } = await post(node, params);
  return body.errors === undefined ? (body.data as Data) : String(body.errors[0]?.extensions?.code);
}

/** Sends one message without a nonce, without retrying. Returns its id, or the code of the refusal. */
export async function send(node: TestServer, roomId: string, content: string): Promise<string> {
  const query = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id } }';
  const answer = await ask<{ sendMessage: { id: string } }>(node, {
    query,
    variables: { input: { roomId, content } },
  });
  return typeof answer === 'string' ? answer : answer.sendMessage.id;
}

/**
 * Returns the room's connection count over all nodes, as this node reports it, or the code of the refusal.
 */
export async function connectionCount(node: TestServer, roomId: string): Promise<number | string> {
  const query = 'query ($roomId: ID!) { connectionCount(roomId: $roomId) }';
  const answer = await ask<{ connectionCount: number }>(node, { query, variables: { roomId } });
  return typeof answer === 'string' ? answer : answer.connectionCount;
}

/** The HTTP status of a node's readiness check. */
export async function readiness(node: TestServer): Promise<number> {
  return (await fetch(`${node.origin}/health/ready`)).status;
}
