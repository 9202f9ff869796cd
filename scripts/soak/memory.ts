import type { ServerProcess } from '../../test/support/server.js';
import type { Holdings, Site } from '../../test/support/site.js';

/** The memory samples of one node. */
export interface MemorySeries {
  node: ServerProcess;
  samples: { minute: number; held: Holdings }[];
}

/** Samples the memory of every node, after a garbage collection. */
export class MemoryWatch {
  /** One series per node. The first belongs to the node that runs throughout. */
  readonly series: MemorySeries[] = [];
  readonly #start = performance.now();

  constructor(private readonly site: Site) {}

  async sample(): Promise<void> {
    for (const node of [...this.site.nodes]) await this.#sampleOne(node);
  }

  async #sampleOne(node: ServerProcess): Promise<void> {
    // Skip nodes that have exited or hang.
    const held = await this.site.holdings(node).catch(() => undefined);
    if (held === undefined) return;
    let series = this.series.find((each) => each.node === node);
    if (series === undefined) {
      series = { node, samples: [] };
      this.series.push(series);
    }
    series.samples.push({ minute: (performance.now() - this.#start) / 60_000, held });
  }
}
