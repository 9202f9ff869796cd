import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { HostGuard } from '#server/guards/host.js';

const requestTo = (host: string | undefined) => ({ headers: { host } }) as IncomingMessage;

const HOSTS: [string | undefined, boolean][] = [
  ['chat.example', true],
  ['chat.example:8443', true],
  ['[::1]:4000', true],
  ['chat.example:99999', false],
  ['[', false],
  ['', false],
  [undefined, false],
];

test.each(HOSTS)('allows a request to %j: %s, whichever host was named before', (host, allowed) => {
  for (const [earlier] of HOSTS) {
    const guard = new HostGuard();
    guard.check(requestTo(earlier));
    for (let time = 0; time < 2; time += 1) expect(guard.check(requestTo(host)).allowed).toBe(allowed);
  }
});
