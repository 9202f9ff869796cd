/** Traces reach a collector, and OpenTelemetry is not loaded without one. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { say } from '#test/support/say.js';
import { spawnServer, startServer } from '#test/support/server.js';
import { useRedis } from '#test/support/use-server.js';

interface Span {
  name: string;
  spanId: string;
  parentSpanId?: string;
}

const spans: Span[] = [];
let received = '';
const used = useRedis();
let collector: Server;
beforeAll(async () => {
  collector = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    received += body;
    for (const { scopeSpans } of JSON.parse(body).resourceSpans) {
      for (const scope of scopeSpans) spans.push(...scope.spans);
    }
    response.end('{}');
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
});
afterAll(() => void collector.close());

test('each operation has a span with child spans for store calls, without message contents', async () => {
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  const server = await startServer({ redisUrl: used.redis.url, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
  await say(server, 'traced-room', 'traced-content');
  const socket = await RawSocket.ready(server);
  socket.subscribe('1', { query: '{ messages(roomId: "traced-room") { nodes { content } } }' });
  await socket.next();
  await socket.close();
  // The remaining spans are sent at shutdown.
  await server.close();

  const mutation = spans.find(({ name }) => name === 'mutation');
  const query = spans.find(({ name }) => name === 'query');
  expect(spans.find(({ name }) => name === 'store append')?.parentSpanId).toBe(mutation?.spanId);
  expect(spans.find(({ name }) => name === 'store messages')?.parentSpanId).toBe(query?.spanId);
  expect(received).toContain('streamly-chat');
  expect(received).not.toMatch(/traced-(room|content)|Ann/);
});

test('OpenTelemetry is not loaded if tracing is off', async () => {
  // The process would exit if it tried to load a missing module.
  const blocker = `data:text/javascript,${encodeURIComponent(`
    import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(
      'export const resolve = (name, context, next) => { if (name.startsWith("@opentelemetry/")) throw new Error("loaded"); return next(name, context); }'
    ));
  `)}`;
  const variables = { redisUrl: used.redis.url, NODE_OPTIONS: `--import=${blocker}` };
  const server = await spawnServer(variables);
  await say(server, 'untraced', 'hello');
  await server.close();
  expect(server.output.stderr).not.toContain('loaded');

  const traced = spawnServer({ ...variables, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
  await expect(traced).rejects.toThrow(/loaded/);
});
