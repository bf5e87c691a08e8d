import { BILLS, type Bills, type Invoice } from '../../billing/model/bills';
import type { PagedResource } from '../../billing/ports/billing-source';
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
    decode: (body, request, skip) => decoder.decode(body, request, skip),
  };
}
