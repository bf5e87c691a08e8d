import type { BillingApi } from '../../src/billing-api/billing-api';
import { requestRaw, type RawAnswer } from './raw-request';

export interface BillsRequest {
  /** Default `RUC/80012345`. */
  readonly customer?: string;
  /** What follows the question mark; default none. */
  readonly query?: string;
  /** Default: a good token of the API's first client. */
  readonly token?: string;
}

/** Asks the embedded billing API for bills. */
export function getBills(
  api: BillingApi,
  { customer = 'RUC/80012345', query = '', token = api.issueToken() }: BillsRequest = {},
): Promise<RawAnswer> {
  return requestRaw(api.port, {
    path: `/customers/${customer}/bills${query === '' ? '' : `?${query}`}`,
    headers: { authorization: `Bearer ${token}` },
  });
}

/** The invoice numbers in an answer, in order. */
export function toInvoiceNumbers(answer: RawAnswer): (string | undefined)[] {
  const bills = JSON.parse(answer.text) as { invoiceCollection: { invoiceNumber?: string }[] };
  return bills.invoiceCollection.map((invoice) => invoice.invoiceNumber);
}
