/**
 * Checks deploy/kubernetes/chat.yaml against what the server does, and against the schemas of Kubernetes where their
 * validator is installed: `pip install kubernetes-validate`.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { redis } from '#config/variables/redis.js';
import { server } from '#config/variables/server.js';
import { SECTIONS } from '#config/variables.js';

const FILE = 'deploy/kubernetes/chat.yaml';

const documents = parseAllDocuments(readFileSync(FILE, 'utf8')).map((document) => document.toJS());
const manifest = (kind: string) => documents.find((each) => each.kind === kind);
const settings: Record<string, string> = manifest('ConfigMap').data;
const { spec: pod, metadata } = manifest('Deployment').spec.template;
const [container] = pod.containers;
const names = (env: { name: string }[]) => env.map(({ name }) => name);
/** Variables that are not the server's. */
const EXPECTED = ['NODE_OPTIONS'];

test('lets a pod finish its hook and its shutdown before it is killed', () => {
  const [, hookSeconds] = container.lifecycle.preStop.exec.command;
  // src/main.ts gives up 5 seconds after SHUTDOWN_TIMEOUT_MS.
  const shutdownSeconds = Number(settings.SHUTDOWN_TIMEOUT_MS) / 1_000 + 5;
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(Number(hookSeconds) + shutdownSeconds);
});

test('gives Redis its time to answer before a pod counts as not ready', () => {
  const { readinessProbe, livenessProbe, startupProbe } = container;
  expect(readinessProbe.httpGet).toEqual({ path: '/health/ready', port: 'http' });
  expect(readinessProbe.timeoutSeconds * 1_000).toBeGreaterThan(redis.variables.REDIS_TIMEOUT_MS.default);
  // A pod that waits for Redis must not be restarted.
  for (const probe of [livenessProbe, startupProbe]) expect(probe.httpGet.path).toBe('/health/live');
});

test('names each server after its pod, and reads secrets from the secret', () => {
  const env = Object.fromEntries(
    container.env.map(({ name, valueFrom }: { name: string; valueFrom: object }) => [name, valueFrom]),
  );
  expect(env.NODE_ID).toEqual({ fieldRef: { fieldPath: 'metadata.name' } });
  for (const name of ['REDIS_PASSWORD', 'METRICS_TOKEN']) {
    expect(env[name]).toEqual({ secretKeyRef: { name: 'chat', key: name } });
    expect(settings).not.toHaveProperty(name);
  }
});

test('runs as the user of the image, without writing to its files', () => {
  expect(readFileSync('Dockerfile', 'utf8')).toMatch(/^USER node$/m);
  // The number of the user `node` in the official image.
  expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1_000 });
  expect(container.securityContext).toMatchObject({
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
  });
});

test('selects the same pods everywhere, on the port that they listen on', () => {
  const { labels } = metadata;
  expect(manifest('Deployment').spec.selector.matchLabels).toEqual(labels);
  expect(manifest('PodDisruptionBudget').spec.selector.matchLabels).toEqual(labels);
  expect(manifest('Service').spec.selector).toEqual(labels);
  for (const { labelSelector } of pod.topologySpreadConstraints)
    expect(labelSelector.matchLabels).toEqual(labels);
  expect(manifest('HorizontalPodAutoscaler').spec.scaleTargetRef).toMatchObject({
    kind: 'Deployment',
    name: 'chat',
  });
  expect(container.ports).toEqual([{ name: 'http', containerPort: server.variables.PORT.default }]);
});

test('leaves memory for sockets beside the heap', () => {
  const heap = Number(/--max-old-space-size=(\d+)/.exec(settings.NODE_OPTIONS ?? '')?.[1]);
  const limit = Number(/^(\d+)Gi$/.exec(container.resources.limits.memory)?.[1]) * 1_024;
  expect(heap / limit).toBeLessThan(0.75);
});

test('sets only variables that the server reads, as the compose file of the cluster does', () => {
  const compose = parse(readFileSync('deploy/cluster/compose.yaml', 'utf8'), { merge: true });
  const known = new Set([...SECTIONS.flatMap((section) => Object.keys(section.variables)), ...EXPECTED]);
  const used = [
    ...Object.keys(settings),
    ...names(container.env),
    ...Object.keys(compose.services.api1.environment),
  ];
  expect(used.filter((name) => !known.has(name))).toEqual([]);
});

const validator = spawnSync('kubernetes-validate', ['--version']).status === 0;

test.skipIf(!validator)('is accepted by the schemas of Kubernetes (needs kubernetes-validate)', () => {
  const { status, stdout, stderr } = spawnSync('kubernetes-validate', ['--strict', FILE], {
    encoding: 'utf8',
  });
  expect(`${stdout}${stderr}`).not.toContain('ERROR');
  expect(status).toBe(0);
});
