/** The sizes of all scenarios. Every count and every duration is bounded here. */
export interface Sizes {
  readonly burst: {
    readonly subscribers: number;
    readonly messages: number;
    readonly windows: number;
    /** A window repeats bursts until the server has used this many seconds of CPU … */
    readonly cpuSeconds: number;
    /** … or until this much time has passed. */
    readonly windowMs: number;
    /** The time limit for delivering one burst. */
    readonly burstMs: number;
  };
  readonly fanout: {
    readonly subscribers: number;
    readonly perSecond: number;
    readonly seconds: number;
    /** How long after the last send the last delivery may arrive. */
    readonly graceMs: number;
  };
  readonly paced: {
    readonly subscribers: number;
    readonly perSecond: number;
    readonly seconds: number;
    readonly windows: number;
    readonly graceMs: number;
  };
  readonly idle: { readonly subscribers: number; readonly warmUp: number };
  readonly connect: { readonly clients: number; readonly windows: number; readonly warmUp: number };
  readonly comeback: {
    readonly clients: readonly number[];
    readonly behind: number;
    readonly warmUp: number;
  };
  readonly selections: {
    readonly subscribers: number;
    readonly distinct: readonly number[];
    readonly messages: number;
    readonly perSecond: number;
    readonly graceMs: number;
  };
  readonly sends: { readonly connections: number; readonly seconds: number; readonly windows: number };
  readonly history: { readonly joiners: number; readonly last: number; readonly warmUp: number };
  readonly workers: {
    /** The numbers of workers to compare. */
    readonly workers: readonly number[];
    readonly subscribers: number;
    readonly windows: number;
    /** A burst has so many messages, and a window repeats bursts for so long. */
    readonly messages: number;
    readonly windowMs: number;
    /** The time limit for delivering one burst. */
    readonly burstMs: number;
    /** The steady rate. */
    readonly perSecond: number;
    readonly seconds: number;
    readonly graceMs: number;
  };
}

/** The sizes of the published results. */
export const fullSizes: Sizes = {
  burst: { subscribers: 1000, messages: 200, windows: 2, cpuSeconds: 2, windowMs: 60_000, burstMs: 90_000 },
  fanout: { subscribers: 5000, perSecond: 100, seconds: 8, graceMs: 12_000 },
  paced: { subscribers: 1000, perSecond: 20, seconds: 10, windows: 2, graceMs: 30_000 },
  idle: { subscribers: 10_000, warmUp: 1000 },
  connect: { clients: 10_000, windows: 2, warmUp: 2000 },
  comeback: { clients: [1000, 10_000], behind: 20, warmUp: 2000 },
  selections: { subscribers: 1000, distinct: [1, 10, 100], messages: 200, perSecond: 10, graceMs: 60_000 },
  sends: { connections: 64, seconds: 6, windows: 2 },
  history: { joiners: 10_000, last: 50, warmUp: 1000 },
  workers: {
    workers: [1, 2],
    subscribers: 5000,
    windows: 3,
    messages: 50,
    windowMs: 10_000,
    burstMs: 90_000,
    perSecond: 20,
    seconds: 10,
    graceMs: 30_000,
  },
};

/** Small sizes that check within a few minutes that everything works. The results mean nothing. */
export const quickSizes: Sizes = {
  burst: { subscribers: 100, messages: 50, windows: 2, cpuSeconds: 0.1, windowMs: 1000, burstMs: 20_000 },
  fanout: { subscribers: 200, perSecond: 50, seconds: 1, graceMs: 10_000 },
  paced: { subscribers: 100, perSecond: 20, seconds: 1, windows: 2, graceMs: 10_000 },
  idle: { subscribers: 500, warmUp: 100 },
  connect: { clients: 500, windows: 2, warmUp: 200 },
  comeback: { clients: [100, 500], behind: 20, warmUp: 100 },
  selections: { subscribers: 100, distinct: [1, 10, 100], messages: 20, perSecond: 20, graceMs: 10_000 },
  sends: { connections: 64, seconds: 1, windows: 2 },
  history: { joiners: 300, last: 50, warmUp: 100 },
  workers: {
    workers: [1, 2],
    subscribers: 100,
    windows: 2,
    messages: 20,
    windowMs: 500,
    burstMs: 20_000,
    perSecond: 20,
    seconds: 1,
    graceMs: 10_000,
  },
};
