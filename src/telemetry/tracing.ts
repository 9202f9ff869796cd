/**
 * OpenTelemetry traces, by OTLP over HTTP: a span for each operation, and below it one for each call of the
 * store. The packages are optional, and nothing of them is loaded where tracing is off.
 */
import type { Attributes } from '@opentelemetry/api';

export interface Tracing {
  /** Runs a piece of work in a span of its own, below the one that it is run in. */
  run<R>(name: string, attributes: Attributes, work: () => R | Promise<R>): Promise<R>;
  /** Sends what is left, and ends. */
  close(): Promise<void>;
}

export interface TracingOptions {
  /** Where the collector is: `http://collector:4318`. */
  endpoint: string;
  nodeId: string;
}

/** Loads the packages, and starts. Rejects where they are not installed. */
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
    // What has to do with the network is done in batches, apart from the work that is traced.
    spanProcessors: [new sdk.BatchSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer('streamly-chat');
  const contexts = new AsyncLocalStorageContextManager().enable();

  return {
    run: async (name, attributes, work) => {
      const above = contexts.active();
      const span = tracer.startSpan(name, { attributes }, above);
      try {
        return await contexts.with(trace.setSpan(above, span), work);
      } catch (error) {
        // Its message may hold what a client has written.
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
