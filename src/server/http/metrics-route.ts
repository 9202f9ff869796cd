import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Handler, sendJson } from './server.js';

export interface MetricsRouteOptions {
  metrics: { readonly contentType: string; text(): Promise<string> };
  /** What whoever asks has to present. */
  token: string | undefined;
  /** Whether this machine may ask without one: not where a proxy on it may speak for everybody. */
  forThisMachine: boolean;
}

/** What Prometheus asks for. Whoever may not is told that there is no such thing. */
export function metricsRoute({ metrics, token, forThisMachine }: MetricsRouteOptions): Handler {
  return async (request, response) => {
    const mayAsk =
      token === undefined ? forThisMachine && isOfThisMachine(request) : presents(request, token);
    if (!mayAsk || request.method !== 'GET') return sendJson(response, 404, { error: 'Not found' });
    const text = await metrics.text();
    response.writeHead(200, { 'Content-Type': metrics.contentType, 'Cache-Control': 'no-store' });
    response.end(text);
  };
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/;

/** Through a proxy on this machine everybody comes from here: what was forwarded is not. */
function isOfThisMachine({ socket, headers }: IncomingMessage): boolean {
  const isForwarded = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some((name) => name in headers);
  return LOOPBACK.test(socket.remoteAddress ?? '') && !isForwarded;
}

function presents({ headers }: IncomingMessage, token: string): boolean {
  const given = /^Bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
