import type { BillsRequest } from '../../billing/ports/billing-source';

/** How the billing API reads `pageInit`: see contract/reading.md. */
export interface PageInitReading {
  readonly mode: 'offset' | 'page';
  /** Number of the first page, where `pageInit` is a page number. */
  readonly base: 0 | 1;
}

/**
 * The path and query of a request, below the API's base address.
 * In the page reading the window starts at a multiple of its length: the planner makes only such windows.
 */
export function toBillsPath(request: BillsRequest, reading: PageInitReading): string {
  const { customer, contractNumber, window } = request;
  const pageInit = reading.mode === 'offset' ? window.offset : window.offset / window.limit + reading.base;
  const path = `/customers/${encodeURIComponent(customer.idType)}/${encodeURIComponent(customer.id)}/bills?pageInit=${pageInit}&quantity=${window.limit}`;
  return contractNumber === null ? path : `${path}&contractNumber=${encodeURIComponent(contractNumber)}`;
}
