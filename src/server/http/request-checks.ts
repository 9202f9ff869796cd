/** Checks of HTTP requests that Yoga does not make. */
import { createGraphQLError, type Plugin } from 'graphql-yoga';
import { declaredLength, type RequestBodies, tooLarge } from './request-body.js';
import type { ServerContext } from './server.js';

/** Refuses HTML forms. Any page can submit one without a preflight request, unlike JSON. */
export const refuseForms: Plugin = {
  onRequestParse: ({ request }) => {
    if (!request.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded')) return;
    throw createGraphQLError('Send the operation as JSON. Forms are not accepted.', {
      extensions: { code: 'BAD_USER_INPUT', http: { status: 415 } },
    });
  },
};

/** Refuses malformed JSON in the URL of a GET request. Yoga would report it as a server error. */
export const refuseBadUrls: Plugin = {
  onRequestParse: ({ request, url }) => {
    if (request.method !== 'GET') return;
    for (const name of ['variables', 'extensions']) {
      const text = url.searchParams.get(name);
      if (text !== null && text !== '' && !isJson(text)) {
        throw createGraphQLError(`${name} must be JSON.`, {
          extensions: { code: 'BAD_USER_INPUT', field: name, http: { status: 400 } },
        });
      }
    }
  },
};

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Refuses a body that is too long, and invalid UTF-8 in a body, or percent-encoded in a URL. Otherwise it would
 * become U+FFFD, and the server would store a message that nobody wrote.
 */
export const checkBodies = (bodies: RequestBodies): Plugin => ({
  onRequestParse: ({ request, requestParser, setRequestParser, serverContext }) => {
    const { req } = serverContext as unknown as ServerContext;
    if (!isUtf8Query(req.url ?? '')) throw notUtf8('URL');
    if (declaredLength(req) > bodies.limit) throw tooLarge();
    if (requestParser === undefined || request.method !== 'POST') return;
    setRequestParser(async (received) => {
      const bytes = await bodies.take(req);
      let text: string;
      try {
        text = UTF8.decode(bytes);
      } catch {
        throw notUtf8('body');
      }
      // Yoga's parsers read the content type, and the body through one of these methods.
      const { method, url, headers } = received;
      const body = { text: async () => text, json: async () => JSON.parse(text) };
      return requestParser({ method, url, headers, ...body } as unknown as Request);
    });
  },
});

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function notUtf8(part: 'URL' | 'body') {
  const extensions = { code: 'BAD_USER_INPUT', http: { status: 400 } };
  return createGraphQLError(`The ${part} of the request is not valid UTF-8.`, { extensions });
}

/** A `%` that does not begin an escape stands for itself. Non-ASCII characters must be escaped. */
function isUtf8Query(url: string): boolean {
  // Node represents each byte of the URL as one character.
  if (Buffer.byteLength(url) > url.length) return false;
  try {
    decodeURIComponent(url.replace(/%(?![\da-f]{2})/gi, '%25'));
    return true;
  } catch {
    return false;
  }
}
