import { createHash } from 'node:crypto';
import { invalidArgument } from './billing-error';
import type { Invoice } from './bills';
import type { NamedList } from './paged-list';

/** Which invoices are meant; null and undefined: any. */
export interface InvoiceFilter {
  readonly status?: boolean | null | undefined;
  readonly billPeriods?: readonly string[] | null | undefined;
}

/** A filter that excludes something, in one form: periods sorted and once each, one value in place of a list of one. */
export interface ActiveFilter {
  readonly status: boolean | null;
  readonly billPeriods: readonly string[] | null;
}

/** Maximum number of periods in a filter: eight years of monthly periods. They are compared for each page and summary. */
const MAX_PERIODS = 100;
/** Maximum length of a period, in characters. The billing API's contract only says that it is a string. */
const MAX_PERIOD_CHARACTERS = 50;

/**
 * Parses the filter of a type-checked argument; null if it excludes nothing.
 * @throws BillingError `invalid-input` if it has too many periods, or one that is too long.
 */
export function toActiveFilter(argument: unknown): ActiveFilter | null {
  const { status = null, billPeriods = null } = (argument ?? {}) as { status?: boolean | null; billPeriods?: unknown };
  if (status === null && billPeriods === null) return null;
  // GraphQL takes one value for a list of one.
  const periods = billPeriods === null ? null : ((Array.isArray(billPeriods) ? billPeriods : [billPeriods]) as string[]);
  if (periods && (periods.length > MAX_PERIODS || periods.some(({ length }) => length > MAX_PERIOD_CHARACTERS)))
    throw invalidArgument('billPeriods', `at most ${MAX_PERIODS} periods of at most ${MAX_PERIOD_CHARACTERS} characters each`);
  return { status, billPeriods: periods && [...new Set(periods)].sort() };
}

const keys = new WeakMap<ActiveFilter, string>();

/** A key that is the same for equal filters only: a JSON list. Computed once per filter. */
export function filterKey(filter: ActiveFilter): string {
  let key = keys.get(filter);
  if (key === undefined) keys.set(filter, (key = JSON.stringify([filter.status, filter.billPeriods])));
  return key;
}

/**
 * The list that the billing API makes of another by a filter, by a name of its own: a place in it is no place in the whole
 * list, and its cursors are refused there. The name has a digest of the filter, in letters, as names of lists have them.
 */
export function toFilteredList(list: NamedList, filter: ActiveFilter): NamedList {
  const digest = createHash('sha256').update(filterKey(filter)).digest('hex').slice(0, 16);
  return { name: `${list.name}-${digest.replace(/[0-9a-f]/g, (digit) => String.fromCharCode(0x61 + parseInt(digit, 16)))}` };
}

/**
 * Whether the filter means an invoice. Throws BillingError where the invoice's value cannot be read: what is not known
 * to match is neither shown as a match nor left out in silence.
 */
export function toPredicate({ status, billPeriods }: InvoiceFilter): (invoice: Pick<Invoice, 'status' | 'billPeriod'>) => boolean {
  const periods = billPeriods && new Set(billPeriods);
  const wanted = status ?? null;
  return (invoice) =>
    (wanted === null || invoice.status === wanted) && (!periods || (invoice.billPeriod !== null && periods.has(invoice.billPeriod)));
}
