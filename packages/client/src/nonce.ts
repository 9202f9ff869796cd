/**
 * A random nonce of 128 bits. Browsers have no `crypto.randomUUID` on pages that were not loaded over HTTPS.
 */
export function makeNonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
