import { expect, test } from 'vitest';
import { parseRoles } from '#domain/viewer.js';

test.each([
  ['a list', ['moderator', 'service'], ['viewer', 'moderator', 'service']],
  ['text with spaces between them', 'moderator  service', ['viewer', 'moderator', 'service']],
  ['any case', ['Moderator', 'SERVICE'], ['viewer', 'moderator', 'service']],
  ['repeated names', 'service SERVICE service', ['viewer', 'service']],
  ['unknown names', 'emperor, moderators', ['viewer']],
  ['values that are not names', [1, null, { role: 'service' }], ['viewer']],
  ['nothing', undefined, ['viewer']],
  ['something else', { moderator: true }, ['viewer']],
])('reads roles from %s', (_what, claim, roles) => {
  expect(parseRoles(claim)).toEqual(roles);
});
