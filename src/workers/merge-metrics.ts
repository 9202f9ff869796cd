/**
 * Merges the metrics of several processes into one text, in the format of Prometheus. Each series gets the label `worker`
 * and keeps its value. prom-client's own aggregator would add up gauges, among them those that describe the one Redis.
 */

/** Lines about one metric: what it is, and the series of all workers. */
interface Family {
  about: string[];
  series: string[];
}

const ABOUT = /^# (?:HELP|TYPE) (\S+)/;

/** `texts` are the metrics of each worker, by its number. Each metric is described once. */
export function mergeMetrics(texts: ReadonlyMap<number, string>): string {
  const families = new Map<string, Family>();
  for (const [worker, text] of texts) {
    // The series of a metric follow its description.
    let current: Family | undefined;
    for (const line of text.split('\n')) {
      const name = ABOUT.exec(line)?.[1];
      if (name !== undefined) {
        current = families.get(name) ?? { about: [], series: [] };
        families.set(name, current);
        if (!current.about.includes(line)) current.about.push(line);
      } else if (line !== '' && !line.startsWith('#')) {
        current?.series.push(withWorker(line, worker));
      }
    }
  }
  const lines = [...families.values()].flatMap(({ about, series }) => [...about, ...series]);
  return lines.map((line) => `${line}\n`).join('');
}

/** `name{a="b"} 1` becomes `name{worker="2",a="b"} 1`. */
function withWorker(series: string, worker: number): string {
  const end = series.search(/[{ ]/);
  const [name, rest] = [series.slice(0, end), series.slice(end)];
  const label = `worker="${worker}"`;
  return rest.startsWith('{') ? `${name}{${label},${rest.slice(1)}` : `${name}{${label}}${rest}`;
}
