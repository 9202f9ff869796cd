import { type Section, variable } from '#config/declaration.js';
import { flag, httpUrl, integer, longText } from '#config/parsers.js';

export const telemetry = {
  title: 'Metrics and tracing',
  variables: {
    METRICS: variable({
      parser: flag,
      default: true,
      description: 'Whether to serve metrics for Prometheus at /metrics.',
    }),
    METRICS_TOKEN: variable({
      parser: longText(16),
      secret: true,
      description:
        'The bearer token that a scraper must present. If empty, only this machine may read the metrics, and in production nobody may.',
    }),
    METRICS_REDIS_INFO_MS: variable({
      parser: integer(1_000, 600_000),
      default: 15_000,
      description: 'How often to ask Redis for its own metrics.',
    }),
    OTEL_EXPORTER_OTLP_ENDPOINT: variable({
      parser: httpUrl,
      secret: true,
      description:
        'The OpenTelemetry collector to send traces to, by OTLP over HTTP: http://collector:4318. If empty, tracing is off.',
    }),
  },
} satisfies Section;
