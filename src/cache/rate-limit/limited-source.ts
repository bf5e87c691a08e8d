import type { BillingSource } from '../../billing/ports/billing-source';

/** The same source, which makes no call for an operation whose token may make no more. To be placed behind all caches. */
export function toLimitedSource<Content>(source: BillingSource<Content>): BillingSource<Content> {
  return {
    read: (request, context) => {
      const { admission } = context;
      if (!admission) return source.read(request, context);
      return admission.admit().then(
        () => source.read(request, context),
        (refusal: unknown) => {
          context.returnCall();
          throw refusal;
        },
      );
    },
  };
}
