/** Runs the operations in docs/moderation.md as they stand there. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { post } from '#test/support/clients/http.js';
import { webSocket } from '#test/support/clients/transports.js';
import { say } from '#test/support/say.js';
import { bearer } from '#test/support/sign-in.js';
import { JWT_ENV, tokenOf } from '#test/support/tokens.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer({ ...JWT_ENV, ALLOW_GUESTS: 'true' });

test('the operations in docs/moderation.md do what it says', async () => {
  const page = await readFile('docs/moderation.md', 'utf8');
  const blocks = [...page.matchAll(/```graphql\n([\s\S]*?)```/g)].map(([, text]) => text!);
  expect(blocks).toHaveLength(2);
  const [retract, follow] = blocks;
  const roomId = 'room1';
  const [message] = await say(used.server, roomId, 'off topic', 'hello');
  const variables = { roomId, ids: [message!.id], reason: 'off topic' };
  const following = await webSocket.follow(used.server, {
    query: follow,
    variables: { roomId, after: message!.id },
  });
  const moderator = bearer(await tokenOf({ sub: 'mod', roles: ['moderator'] }));
  const { body } = await post(used.server, { query: retract, variables }, moderator);
  expect(body).toEqual({ data: { retractMessages: { retracted: [message!.id], missing: [] } } });
  expect(await following.take(2)).toMatchObject([
    { roomEvents: { __typename: 'MessageSent', message: { content: 'hello' } } },
    { roomEvents: { __typename: 'MessagesRetracted', messageIds: [message!.id], author: null } },
  ]);
  following.leave();
});
