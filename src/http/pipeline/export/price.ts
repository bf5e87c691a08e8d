import type { Variables } from '../../../graphql/analysis/variables/coerce-variables';
import type { CallPrediction } from '../../../graphql/analysis/predict-calls';
import { RequestedOperation } from '../../../graphql/analysis/requested-operation';
import { findRefusal } from '../../../graphql/limits/policies';
import { toDryRunTrace, type DryRunTrace } from '../../../graphql/server/billing-trace';
import { toPageVariables, type PageReaderOptions } from './page-reader';
import type { PagedOperation } from './paged-operation';

/** The predicted cost of an export whose list length is not known. */
export interface ExportPrice extends DryRunTrace {
  /** Invoices of a page, and the calls for it. */
  readonly page: { readonly invoices: number; readonly calls: number };
}

/**
 * What an export would cost: the sum of its pages, each predicted as the operation that reads it. Of an export that goes to its
 * list's end, the first page alone is known to be read.
 * @param variables as they came.
 * @throws GraphQLError where a page is refused, as it will be when it is read.
 */
export function toPrice(paged: PagedOperation, variables: Variables, options: PageReaderOptions): ExportPrice {
  const { start, end, rows } = paged.range;
  const size = options.exportPageSize;
  const predict = (offset: number, first: number): CallPrediction => {
    const { document, operation } = paged;
    const requested = new RequestedOperation({
      schema: options.operations.schema,
      document,
      operation,
      variables: { ...variables, ...toPageVariables(paged, offset, first) },
    });
    const refusal = findRefusal(options.policies, requested, { hasToken: true, inPages: false });
    if (refusal) throw refusal;
    return options.extensions.callBudget.predict(requested) ?? NO_CALLS;
  };
  const full = predict(0, size);
  const trace = (calls: number): ExportPrice => ({
    ...toDryRunTrace(
      { calls, atLeast: full.atLeast || end === Infinity || (paged.filter !== null && rows !== Infinity) },
      options.contexts.callBudget,
    ),
    page: { invoices: size, calls: full.calls },
  });
  const firstEnd = Math.min(end, start - (start % size) + size);
  const first = start === end ? NO_CALLS : predict(start, firstEnd - start);
  if (end === Infinity || (paged.filter && rows !== Infinity)) return trace(first.calls);
  const rest = (end - firstEnd) % size;
  const last = rest === 0 ? NO_CALLS : predict(end - rest, rest);
  return trace(first.calls + Math.floor((end - firstEnd) / size) * full.calls + last.calls);
}

const NO_CALLS: CallPrediction = { calls: 0, atLeast: false };
