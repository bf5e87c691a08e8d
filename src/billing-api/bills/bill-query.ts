import { ApiFailure } from '../errors/api-failure';
import type { CustomerKey } from '../data/ledger';

/** The readings of the contract that a deployment may choose. */
export interface BillQueryRules {
  /** What `pageInit` counts: invoices, or pages of `quantity` invoices. */
  readonly paging: 'offset' | 'page';
  /** The first page's number; an offset always starts at 0. */
  readonly pageBase: 0 | 1;
  /** Most invoices one call may ask for, and what a call without `quantity` gets. */
  readonly maxQuantity: number;
  /** Whether a call without `contractNumber` is refused with 400, or answered with all the customer's invoices. */
  readonly contractNumberRequired: boolean;
}

/** A checked request: the invoices from `start` up to and without `end`. */
export interface BillQuery {
  readonly customer: CustomerKey;
  readonly contractNumber: string | undefined;
  readonly start: number;
  readonly end: number;
}

/** The query string as the HTTP layer reads it: a repeated name gives a list. */
export type QueryString = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Reads the parameters of the bills resource; throws a 400 `ApiFailure` that names the first one that is wrong. */
export function parseBillQuery(path: CustomerKey, query: QueryString, rules: BillQueryRules): BillQuery {
  if (path.idType === '') throw badParameter('idType', 'must not be empty');
  if (!/^\d+$/.test(path.id)) throw badParameter('id', 'must be a number, written in digits');

  const contractNumber = parseSingle(query, 'contractNumber');
  if (contractNumber === undefined && rules.contractNumberRequired) throw badParameter('contractNumber', 'is required');
  if (contractNumber !== undefined && !/^\d+$/.test(contractNumber))
    throw badParameter('contractNumber', 'must be an integer, written in digits');

  const quantity = parseCount(query, 'quantity') ?? rules.maxQuantity;
  // Refused and not cut: a caller that gets fewer than it asked for takes them for the last ones.
  if (quantity > rules.maxQuantity) throw badParameter('quantity', `must not be more than ${rules.maxQuantity}`);

  const first = rules.paging === 'page' ? rules.pageBase : 0;
  const pageInit = parseCount(query, 'pageInit') ?? first;
  if (pageInit < first) throw badParameter('pageInit', `must not be less than ${first}`);
  const start = rules.paging === 'page' ? (pageInit - first) * quantity : pageInit;

  return { customer: { idType: path.idType, id: path.id }, contractNumber, start, end: start + quantity };
}

function parseCount(query: QueryString, name: string): number | undefined {
  const text = parseSingle(query, name);
  if (text === undefined) return undefined;
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(count)) throw badParameter(name, 'must be an integer from 0 on, written in digits');
  return count;
}

function parseSingle(query: QueryString, name: string): string | undefined {
  const value = query[name];
  if (value === undefined || typeof value === 'string') return value;
  throw badParameter(name, 'must not be repeated');
}

function badParameter(name: string, problem: string): ApiFailure {
  return new ApiFailure(400, 'BAD_REQUEST', `${name} ${problem}.`);
}
