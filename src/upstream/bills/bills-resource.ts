import { BILLS, type Bills, type Invoice } from '../../billing/model/bills';
import { toPredicate, type ActiveFilter } from '../../billing/model/invoice-filter';
import type { BillsRequest, DecodedContent, PagedResource } from '../../billing/ports/billing-source';
import { CONTRACT_REQUEST, toBillsPath, type RequestForm } from './bills-path';
import { ResponseDecoder } from './decode-bills';

/** How bills are asked for and read, where it is not as the contract has it. */
export interface BillsResourceOptions {
  readonly form?: RequestForm;
  readonly decoder?: ResponseDecoder;
}

/** The bills as the billing API has them. */
export function createBillsResource(options: BillsResourceOptions = {}): PagedResource<Bills, Invoice> {
  const { form = CONTRACT_REQUEST, decoder = new ResponseDecoder() } = options;
  return {
    ...BILLS,
    path: (request) => toBillsPath(request, form),
    decode: (body, request, skip) => withFilterCheck(decoder.decode(body, request, skip), request),
  };
}

/** Counts an API that did not filter as drift. The readers of the invoices apply the filter to each of them anyway. */
function withFilterCheck(decoded: DecodedContent<Bills>, { filter }: BillsRequest): DecodedContent<Bills> {
  if (!filter || !decoded.content || decoded.failure || decoded.content.invoices.every(toPredicateOrTrue(filter))) return decoded;
  return { ...decoded, retyped: new Set([...decoded.retyped, '(filter)']) };
}

/** A value that cannot be read is counted for itself. */
function toPredicateOrTrue(filter: ActiveFilter): (invoice: Invoice) => boolean {
  const isMatch = toPredicate(filter);
  return (invoice) => {
    try {
      return isMatch(invoice);
    } catch {
      return true;
    }
  };
}
