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
}

/** How the contract has requests. */
export const CONTRACT_REQUEST: RequestForm = {
  paging: { mode: 'offset', base: 0 },
  parameters: { pageInit: 'pageInit', quantity: 'quantity', contractNumber: 'contractNumber' },
  extraParameters: {},
};

/**
 * The path and query of a request, below the API's base address.
 * In the page reading the window starts at a multiple of its length: the planner makes only such windows.
 */
export function toBillsPath({ customer, contractNumber, window }: BillsRequest, form: RequestForm): string {
  const { paging, parameters, extraParameters } = form;
  const place = (paging.mode === 'offset' ? window.offset : window.offset / window.limit) + paging.base;
  let path =
    `/customers/${encodeURIComponent(customer.idType)}/${encodeURIComponent(customer.id)}/bills?${parameters.pageInit}` +
    `=${place}&${parameters.quantity}=${window.limit}`;
  if (contractNumber !== null && parameters.contractNumber !== null)
    path += `&${parameters.contractNumber}=${encodeURIComponent(contractNumber)}`;
  for (const name in extraParameters) path += `&${name}=${encodeURIComponent(extraParameters[name] as string)}`;
  return path;
}
