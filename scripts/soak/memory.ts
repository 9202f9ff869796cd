import type { ServerProcess } from '../../test/support/server.js';
import type { Holdings, Site } from '../../test/support/site.js';

/** What one node held, each time it was asked. */
export interface Course {
  node: ServerProcess;
  samples: { minute: number; held: Holdings }[];
}

/** Asks every node again and again what it holds, after a garbage collection. */
export class MemoryWatch {
  /** The first is that of the node that is spared. */
  readonly courses: Course[] = [];
  readonly #start = performance.now();

  constructor(private readonly site: Site) {}

  async sample(): Promise<void> {
    for (const node of [...this.site.nodes]) await this.#sampleOne(node);
  }

  async #sampleOne(node: ServerProcess): Promise<void> {
    // A node that has ended, or hangs, is left out this time.
    const held = await this.site.holdings(node).catch(() => undefined);
    if (held === undefined) return;
    let course = this.courses.find((each) => each.node === node);
    if (course === undefined) {
      course = { node, samples: [] };
      this.courses.push(course);
    }
    course.samples.push({ minute: (performance.now() - this.#start) / 60_000, held });
  }
}
