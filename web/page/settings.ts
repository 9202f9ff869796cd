/**
 * The server's settings, which it writes into `<meta>` elements of the document. Vite's dev server does not
 * write them, so there the defaults apply.
 */
export const settings = {
  /** Characters (Unicode code points) in a message. */
  contentLength: numberIn('content-length-limit', 500),
  /** Characters in a display name. */
  nameLength: numberIn('name-length-limit', 40),
  /** Characters in a room id. */
  roomIdLength: numberIn('room-id-length-limit', 64),
};

/** The URL of the GraphQL endpoint. */
export const ENDPOINT = `${location.origin}/graphql`;

/** Apollo Sandbox, connected to this endpoint. */
export const SANDBOX = `https://studio.apollographql.com/sandbox/explorer?endpoint=${encodeURIComponent(ENDPOINT)}`;

function numberIn(name: string, fallback: number): number {
  return Number(document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content) || fallback;
}
