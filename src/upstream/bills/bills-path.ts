import type { ActiveFilter } from '../../billing/model/invoice-filter';
import type { PageLimits } from '../../billing/model/window';
import type { BillsRequest } from '../../billing/ports/billing-source';

/** How the billing API reads the place of a window: see contract/reading.md. */
export interface PageInitReading {
  /** Whether `pageInit` counts invoices or pages. */
  readonly mode: 'offset' | 'page';
  /** Number of the first invoice or page. */
  readonly base: 0 | 1;
}

/** How requests are written. */
export interface RequestForm {
  readonly paging: PageInitReading;
  /** Names of the parameters. Without one for the contract number, the API is asked for all the customer's contracts. */
  readonly parameters: { readonly pageInit: string; readonly quantity: string; readonly contractNumber: string | null };
  /** Parameters that every request has. */
  readonly extraParameters: Readonly<Record<string, string>>;
  /** How the API is asked to filter the list, before it pages; absent: it cannot. */
  readonly filters?: FilterForm | undefined;
}

/** The parameters of filters. Each takes the place of an extra parameter of its name. */
export interface FilterForm {
  readonly status?: { readonly parameter: string; readonly true: string; readonly false: string } | undefined;
  /** Without a separator, one period can be asked for. */
  readonly billPeriods?: { readonly parameter: string; readonly separator?: string | undefined } | undefined;
}

/** No longer list of periods is written into a URL; nor is half of a character. */
const MAX_PERIODS_LENGTH = 500;

/**
 * The parameters that a filter comes to; null where the API cannot be asked for all of it. An empty list of periods, which
 * means no invoice, and an empty period are not asked for: an API may take them for no filter.
 */
export function toFilterParameters({ status, billPeriods }: ActiveFilter, form: FilterForm): Readonly<Record<string, string>> | null {
  const parameters: Record<string, string> = {};
  if (status !== null) {
    if (!form.status) return null;
    parameters[form.status.parameter] = status ? form.status.true : form.status.false;
  }
  if (billPeriods !== null) {
    const separator = form.billPeriods?.separator ?? '';
    if (!form.billPeriods || billPeriods.length === 0 || (billPeriods.length > 1 && separator === '')) return null;
    if (billPeriods.some((period) => period.trim() === '' || (separator !== '' && period.includes(separator)))) return null;
    const joined = billPeriods.join(separator);
    if (joined.length > MAX_PERIODS_LENGTH || /\p{Surrogate}/u.test(joined)) return null;
    parameters[form.billPeriods.parameter] = joined;
  }
  return parameters;
}

/** How the contract has requests. */
export const CONTRACT_REQUEST: RequestForm = {
  paging: { mode: 'offset', base: 0 },
  parameters: { pageInit: 'pageInit', quantity: 'quantity', contractNumber: 'contractNumber' },
  extraParameters: {},
};

/** Which filters are left to the billing API, for those who read the arguments of pages. */
export function toPushLimits({ filters }: Pick<RequestForm, 'filters'>): Pick<PageLimits, 'pushes'> {
  return filters ? { pushes: (filter) => toFilterParameters(filter, filters) !== null } : {};
}

/**
 * The path and query of a request, below the API's base address.
 * In the page reading the window starts at a multiple of its length: the planner makes only such windows.
 */
export function toBillsPath({ customer, contractNumber, window, filter }: BillsRequest, form: RequestForm): string {
  const { paging, parameters, extraParameters } = form;
  const place = (paging.mode === 'offset' ? window.offset : window.offset / window.limit) + paging.base;
  let path =
    `/customers/${encodeURIComponent(customer.idType)}/${encodeURIComponent(customer.id)}/bills?${parameters.pageInit}` +
    `=${place}&${parameters.quantity}=${window.limit}`;
  if (contractNumber !== null && parameters.contractNumber !== null)
    path += `&${parameters.contractNumber}=${encodeURIComponent(contractNumber)}`;
  if (!filter) {
    for (const name in extraParameters) path += `&${name}=${encodeURIComponent(extraParameters[name] as string)}`;
    return path;
  }
  const filters = form.filters && toFilterParameters(filter, form.filters);
  if (!filters) throw new Error('The billing API cannot be asked to filter by this.');
  for (const [name, value] of Object.entries({ ...extraParameters, ...filters })) path += `&${name}=${encodeURIComponent(value)}`;
  return path;
}
