/** An HTTP/1.1 response, and the offset at which it ends. */
export interface HttpResponse {
  readonly status: number;
  readonly body: string;
  readonly end: number;
}

/**
 * Parses the first response in `bytes`, with a content-length or chunked. Returns `undefined` if it is
 * incomplete.
 */
export function readResponse(bytes: Buffer): HttpResponse | undefined {
  const headersEnd = bytes.indexOf('\r\n\r\n');
  if (headersEnd < 0) return undefined;
  const headers = bytes.toString('latin1', 0, headersEnd).toLowerCase();
  const status = Number(headers.slice(9, 12));
  const from = headersEnd + 4;
  const length = /\r\ncontent-length: *(\d+)/.exec(headers)?.[1];
  if (length === undefined) return readChunks(bytes, from, status);
  const end = from + Number(length);
  return bytes.length < end ? undefined : { status, body: bytes.toString('utf8', from, end), end };
}

function readChunks(bytes: Buffer, from: number, status: number): HttpResponse | undefined {
  const parts: Buffer[] = [];
  let at = from;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const end = lineEnd + 2 + size + 2;
    if (bytes.length < end) return undefined;
    if (size === 0) return { status, body: Buffer.concat(parts).toString(), end };
    parts.push(bytes.subarray(lineEnd + 2, end - 2));
    at = end;
  }
}
