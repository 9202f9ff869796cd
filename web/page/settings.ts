/** What the server says of itself in the document; the defaults where the page runs without one. */
export const settings = {
  contentLength: numberIn('content-length-limit', 500),
  nameLength: numberIn('name-length-limit', 40),
};

/** Where GraphQL is. */
export const ENDPOINT = `${location.origin}/graphql`;

/** Apollo Sandbox, opened on this endpoint. */
export const SANDBOX = `https://studio.apollographql.com/sandbox/explorer?endpoint=${encodeURIComponent(ENDPOINT)}`;

function numberIn(name: string, otherwise: number): number {
  return Number(document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content) || otherwise;
}
