/** Text is read exactly as written, over every transport. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { cleanName } from '#domain/text-rules.js';
import { run } from '#test/support/clients/http.js';
import { eventStream, webSocket } from '#test/support/clients/transports.js';
import { MessageAdded, Messages, RoomById, SendMessage } from '#test/support/documents.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer();

const CONTENTS = [
  ['Latin with accents, composed and not', 'é e\u0301 ñ n\u0303 Å \u212b'],
  ['scripts', 'Привет, 你好, こんにちは, 안녕, नमस्ते, สวัสดี, ሰላም, Γειά'],
  ['right to left, with marks', 'שָׁלוֹם‎ \u202bمرحبا\u202c \u2067abc\u2069'],
  ['emoji: modifiers, joiners, flags, keycaps', '👍🏽 👩‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🇨🇭 1️⃣'],
  ['the ends of the planes', '\ufffd\ufffe\uffff\u{10000}\u{10ffff}\ue000'],
  ['zero width', 'a\u200bb\u200cc\u200dd\u2060e\ufefff'],
  ['line ends of JavaScript', 'a\u2028b\u2029c'],
  ['newlines', 'one\ntwo\n\n\nthree'],
  ['JSON in JSON', '{"id":"1","prev":"0"} \\" \\u0041 \\n "}'],
  ['HTML', '</script><img src=x onerror=alert(1)>&amp;<!--'],
  ['the framing of SSE', 'x\n\nevent: next\ndata: {"data":null}\n\n:\nid: 1'],
  ['Redis and Lua', '*1\n$4\nPING %s %d [[ ]] -- \\0'],
  ['stacked marks', `Z${'\u0351\u0343'.repeat(200)}`],
  ['500 characters of four bytes', '\u{1f600}'.repeat(500)],
] as const;

describe.each([webSocket, eventStream])('over $name', (transport) => {
  test.each(CONTENTS)('%s', async (_what, content) => {
    const roomId = `${transport.name}-${CONTENTS.findIndex(([what]) => what === _what)}`;
    // Names must not hide anything, so they are cleaned like the names in a platform's tokens.
    const author = cleanName([...content.replace(/\n/g, ' ')].slice(0, 40).join(''));
    const live = await transport.follow(used.server, MessageAdded, { roomId });
    const { sendMessage } = await run(used.server, SendMessage, { input: { roomId, content, author } });
    const later = await transport.follow(used.server, MessageAdded, { roomId, last: 1 });
    onTestFinished(() => {
      live.leave();
      later.leave();
    });

    const expected = { content, author: { id: `guest:${author}`, name: author } };
    expect(sendMessage).toMatchObject(expected);
    expect((await live.next()).messageAdded).toEqual(sendMessage);
    expect((await later.next()).messageAdded).toEqual(sendMessage);
    const page = await run(used.server, Messages, { roomId });
    expect(page.messages.nodes).toEqual([sendMessage]);
    const { room } = await run(used.server, RoomById, { id: roomId });
    expect(room.lastMessage?.content).toBe(content);
    const stored = JSON.parse(await used.redis.cli('LINDEX', `messages:${roomId}`, '0'));
    expect(stored).toMatchObject(expected);
  });
});
