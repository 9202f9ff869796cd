// Loaded before a node. Shifts its clock by CLOCK_SKEW_MS milliseconds. Monotonic clocks are not affected.
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
