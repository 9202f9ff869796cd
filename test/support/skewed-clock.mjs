// Loaded before a node: its clock is wrong by CLOCK_SKEW_MS milliseconds. Monotonic clocks are not.
const skew = Number(process.env.CLOCK_SKEW_MS ?? 0);
const TrueDate = Date;

globalThis.Date = class extends TrueDate {
  constructor(...args) {
    super(...(args.length === 0 ? [TrueDate.now() + skew] : args));
  }

  static now() {
    return TrueDate.now() + skew;
  }
};
