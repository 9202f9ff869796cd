// Collects the documents that the page and the client package send, which every server trusts.
//
//   tsx scripts/print-documents.ts            writes src/server/documents/generated/built-in.ts
//   tsx scripts/print-documents.ts --stdout   writes nothing but its output
import { writeFile } from 'node:fs/promises';
import { InMemoryCache } from '@apollo/client';
import { print, stripIgnoredCharacters } from 'graphql';
import { FOLLOW } from '../packages/client/src/follow-room.js';
import { HEAD } from '../packages/client/src/head.js';
import { FOLLOW_EVENTS } from '../packages/client/src/room-event.js';
import { SEND } from '../packages/client/src/send.js';
import * as page from '../web/page/documents.js';

// Apollo Client adds __typename before it sends a document.
const cache = new InMemoryCache();
const ofPage = Object.values(page).map((document) => print(cache.transformDocument(document)));
const texts = [FOLLOW, FOLLOW_EVENTS, SEND, HEAD, ...ofPage].map((text) => stripIgnoredCharacters(text));

const code = `/* The documents of the page and the client package. Written by \`npm run generate\`. */
export const BUILT_IN_DOCUMENTS: readonly string[] = ${JSON.stringify(texts.sort(), null, 2)};
`;

const file = new URL('../src/server/documents/generated/built-in.ts', import.meta.url);
if (process.argv.includes('--stdout')) process.stdout.write(code);
else await writeFile(file, code);
