import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Handler, sendJson } from './server.js';

export interface MetricsRouteOptions {
  metrics: { readonly contentType: string; text(): Promise<string> };
  /** The bearer token that a scraper must send. */
  token: string | undefined;
  /** Whether the local machine may read the metrics if there is no token. */
  allowLoopback: boolean;
}

/** The route that Prometheus scrapes. Answers 404 to anyone who may not read it. */
export function metricsRoute({ metrics, token, allowLoopback }: MetricsRouteOptions): Handler {
  return async (request, response) => {
    const mayRead = token === undefined ? allowLoopback && isLoopback(request) : hasToken(request, token);
    if (!mayRead || request.method !== 'GET') return sendJson(response, 404, { error: 'Not found' });
    const text = await metrics.text();
    response.writeHead(200, { 'Content-Type': metrics.contentType, 'Cache-Control': 'no-store' });
    response.end(text);
  };
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/;

/**
 * Requests through a proxy on this machine have a loopback address as well, so forwarded ones do not count.
 */
function isLoopback({ socket, headers }: IncomingMessage): boolean {
  const isForwarded = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some((name) => name in headers);
  return LOOPBACK.test(socket.remoteAddress ?? '') && !isForwarded;
}

function hasToken({ headers }: IncomingMessage, token: string): boolean {
  const given = /^Bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
