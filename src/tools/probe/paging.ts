import { countInvoices, toInvoiceTexts, type Exchange } from './exchange';

/** How an API reads the place of a window; null if that cannot be determined. */
export interface FoundPaging {
  readonly mode: 'offset' | 'page' | null;
  readonly base: 0 | 1 | null;
}

/** Whether invoices were sent. */
const hasInvoices = (exchange: Exchange | undefined): exchange is Exchange => exchange?.status === 200 && countInvoices(exchange) > 0;
const toSet = (exchange: Exchange): ReadonlySet<string> => new Set(toInvoiceTexts(exchange).flat());
const isRefused = (exchange: Exchange | undefined): boolean =>
  exchange !== undefined && (exchange.status === 400 || exchange.status === 404 || exchange.status === 422);

/** Whether two windows are the same, have an invoice in common, or have none. */
function compare(one: Exchange, other: Exchange): 'same' | 'overlap' | 'apart' {
  const [left, right] = [toSet(one), toSet(other)];
  const common = [...left].filter((invoice) => right.has(invoice)).length;
  if (common === left.size && common === right.size) return 'same';
  return common > 0 ? 'overlap' : 'apart';
}

/**
 * Finds the reading of the place from windows of two invoices: places 0, 1 and 2, and none. Neighboring places overlap
 * where invoices are counted, and do not where pages are.
 */
export function findPaging(exchanges: readonly Exchange[]): FoundPaging {
  const windows = exchanges.filter(
    ({ question }) => question.quantity === 2 && question.customer === 'given' && question.contract !== 'unknown',
  );
  const at = (place: number | null) => windows.find(({ question }) => question.place === place);
  const [zero, one, two, none] = [at(0), at(1), at(2), at(null)];
  const pairs = [
    [zero, one],
    [one, two],
  ] as const;
  const relations = pairs.flatMap(([left, right]) => (hasInvoices(left) && hasInvoices(right) ? [compare(left, right)] : []));
  // Two full windows, since the last one may have a single invoice that the window before it has not.
  const mode = relations.includes('overlap') ? 'offset' : relations.includes('apart') ? 'page' : null;
  return { mode, base: findBase(zero, one, none) };
}

function findBase(zero: Exchange | undefined, one: Exchange | undefined, none: Exchange | undefined): 0 | 1 | null {
  if (!hasInvoices(one)) return hasInvoices(zero) ? 0 : null;
  if (isRefused(zero) || (zero?.status === 200 && !hasInvoices(zero))) return 1;
  // An API that counts from 1 may take 0 for 1.
  if (hasInvoices(zero)) return compare(zero, one) === 'same' ? 1 : 0;
  return hasInvoices(none) && compare(none, one) === 'same' ? 1 : null;
}

/** Whether the place changes nothing, though there are more invoices than one window holds. */
export function isPlaceIgnored(exchanges: readonly Exchange[]): boolean {
  const windows = exchanges.filter(
    ({ question, status }) => question.quantity === 2 && question.place !== null && question.contract !== 'unknown' && status === 200,
  );
  const [first, ...others] = windows.filter(hasInvoices);
  return (
    first !== undefined && others.length > 1 && countInvoices(first) === 2 && others.every((other) => compare(first, other) === 'same')
  );
}

/** The most invoices that one call may ask for. */
export interface FoundMaximum {
  /** The largest quantity that is known to be served in full; null where none is. */
  readonly quantity: number | null;
  /** What happens beyond it: it is refused, it is cut without a word, or nothing is known. */
  readonly beyond: 'refused' | 'cut' | 'unknown';
  /** Whether it is known that one more is too much. */
  readonly isExact: boolean;
}

/** Finds the maximum from questions with a quantity of their own each, and the question after what the largest one brought. */
export function findMaximum(exchanges: readonly Exchange[]): FoundMaximum {
  const asked = exchanges.filter(
    ({ question }) => question.customer === 'given' && question.contract !== 'unknown' && (question.quantity ?? 0) > 2,
  );
  const served = asked.filter(({ status }) => status === 200);
  const refused = asked.filter(({ status }) => status >= 400 && status < 500).map(({ question }) => question.quantity ?? 0);
  const cut = served.find((exchange) => isCut(exchange, exchanges));
  if (cut) return { quantity: countInvoices(cut), beyond: 'cut', isExact: true };
  const largest = Math.max(0, ...served.map(({ question }) => question.quantity ?? 0));
  if (largest === 0) return { quantity: null, beyond: 'unknown', isExact: false };
  const least = Math.min(...refused);
  return { quantity: largest, beyond: refused.length > 0 ? 'refused' : 'unknown', isExact: least === largest + 1 };
}

/** Whether fewer invoices came than were asked for, and there are more. */
function isCut(exchange: Exchange, exchanges: readonly Exchange[]): boolean {
  const count = countInvoices(exchange);
  if (count < 3 || count >= (exchange.question.quantity ?? 0)) return false;
  const known = toSet(exchange);
  return exchanges.some(
    (other) =>
      other.question.contract === exchange.question.contract &&
      other.question.customer === 'given' &&
      other.question.place !== exchange.question.place &&
      other.question.quantity === count &&
      other.status === 200 &&
      [...toSet(other)].some((invoice) => !known.has(invoice)),
  );
}
