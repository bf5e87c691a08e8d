import type { BillingSource, BillsAnswer } from './billing-source';

const NOTHING: BillsAnswer<never> = {
  content: null,
  received: { body: Buffer.alloc(0), headers: {}, receivedAtMs: 0, isPartial: false },
  freshUntilMs: 0,
  stale: false,
};

/** A source that knows of nothing, and asks nobody: neither the billing API nor what is remembered of it. */
export const drySource: BillingSource<never> = { read: () => Promise.resolve(NOTHING) };
