import fc from 'fast-check';
import { CallAdmission, CallsRefused } from '../../../../src/billing/admission/call-admission';
import { Caller } from '../../../../src/billing/model/caller';
import { BucketLimiter } from '../../../../src/cache/rate-limit/call-limiter';

const caller = Caller.parse('Bearer a-token') as Caller;
/** Of which no call comes back while a property runs. */
const STOPPED = { monotonicMs: () => 0, epochMs: () => 0 };

/** An operation: what it is predicted to call, what it has from a cache before its first call, and what it calls, in waves. */
const operation = fc.record({
  predicted: fc.nat(8),
  cached: fc.nat(4),
  waves: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 5 }),
  endsEarly: fc.boolean(),
  late: fc.boolean(),
});

describe('Operations that share a bucket', () => {
  it('never make more calls than it holds, whatever they need beyond their predictions, and give back what they did not use', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(operation, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 40 }),
        fc.scheduler(),
        async (operations, limit, scheduler) => {
          const limiter = new BucketLimiter({
            callsPerMinute: limit,
            secret: null,
            shared: null,
            clock: STOPPED,
          });
          let made = 0;
          const runs = operations.map(async ({ predicted, cached, waves, endsEarly, late }) => {
            const admission = new CallAdmission(limiter, { caller, cached });
            admission.expect(() => predicted);
            let [own, refused] = [0, 0];
            for (const size of waves) {
              await scheduler.schedule(Promise.resolve());
              const asked = Array.from({ length: size }, () => admission.admit());
              // A client that goes away while it waits.
              if (endsEarly) admission.end();
              const results = await Promise.allSettled(asked);
              const admitted = results.filter(({ status }) => status === 'fulfilled').length;
              // What is read has no gaps: nothing is admitted after a refusal.
              if (refused > 0) expect(admitted).toBe(0);
              expect(results.findLastIndex(({ status }) => status === 'fulfilled')).toBe(admitted - 1);
              [own, refused, made] = [own + admitted, refused + size - admitted, made + admitted];
              for (const each of results) if (each.status === 'rejected') expect(each.reason).toBeInstanceOf(CallsRefused);
              if (endsEarly) break;
            }
            if (!endsEarly || waves.length === 0) admission.end();
            // A call that was begun for it, and that another operation waits for.
            if (
              late &&
              (await admission.admit().then(
                () => true,
                () => false,
              ))
            )
              made++;
          });
          await scheduler.waitFor(Promise.all(runs));
          expect(made).toBeLessThanOrEqual(limit);
          expect(limiter.quotaOf(caller).remaining).toBe(limit - made);
        },
      ),
    ));
});
