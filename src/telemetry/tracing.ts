/**
 * OpenTelemetry traces, exported by OTLP over HTTP: a span for each operation, with a child span for each
 * call of the store. The packages are optional, and are loaded only if tracing is on.
 */
import type { Attributes } from '@opentelemetry/api';

/** A running tracer. */
export interface Tracing {
  /** Runs `work` in a new span, as a child of the current span. */
  run<R>(name: string, attributes: Attributes, work: () => R | Promise<R>): Promise<R>;
  /** Exports the remaining spans and stops. */
  close(): Promise<void>;
}

/** Settings of `startTracing`. */
export interface TracingOptions {
  /** The URL of the collector, such as `http://collector:4318`. */
  endpoint: string;
  nodeId: string;
}

/** Loads the packages and starts tracing. Rejects if they are not installed. */
export async function startTracing({ endpoint, nodeId }: TracingOptions): Promise<Tracing> {
  const [{ SpanStatusCode, trace }, { AsyncLocalStorageContextManager }, exporting, resources, sdk] =
    await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/context-async-hooks'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/sdk-trace-base'),
    ]);
  const exporter = new exporting.OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` });
  const provider = new sdk.BasicTracerProvider({
    resource: resources.resourceFromAttributes({
      'service.name': 'streamly-chat',
      'service.instance.id': nodeId,
    }),
    // Export in batches, outside the traced work.
    spanProcessors: [new sdk.BatchSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer('streamly-chat');
  const contexts = new AsyncLocalStorageContextManager().enable();

  return {
    run: async (name, attributes, work) => {
      const parent = contexts.active();
      const span = tracer.startSpan(name, { attributes }, parent);
      try {
        return await contexts.with(trace.setSpan(parent, span), work);
      } catch (error) {
        // Do not record the error: its message may contain text from a client.
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    },
    close: async () => {
      contexts.disable();
      await provider.shutdown();
    },
  };
}
