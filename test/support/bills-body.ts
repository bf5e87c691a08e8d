/** An invoice as the wire has it. An amount past 2^53 does not fit in here: write such a body as text. */
export interface WireInvoice {
  readonly invoiceContractNo?: string;
  readonly invoiceNumber?: string;
  readonly billPeriod?: string;
  readonly invoiceAmount?: number;
  readonly invoiceStatus?: boolean;
}

/** What a request for bills asked for, as a scripted upstream reads it. */
export interface AskedBills {
  readonly idType: string;
  readonly id: string;
  readonly contractNumber: string | null;
  readonly pageInit: number;
  readonly quantity: number;
}

/** Reads the path and query of a request for bills. */
export function toAskedBills(url: string): AskedBills {
  const { pathname, searchParams } = new URL(url, 'http://upstream');
  const [, idType = '', id = ''] = /\/customers\/([^/]+)\/([^/]+)\/bills$/.exec(pathname) ?? [];
  return {
    idType: decodeURIComponent(idType),
    id: decodeURIComponent(id),
    contractNumber: searchParams.get('contractNumber'),
    pageInit: Number(searchParams.get('pageInit') ?? 0),
    quantity: Number(searchParams.get('quantity') ?? 1000),
  };
}

/** The invoice at a place of a contract's list: its number tells where it was. */
export function toWireInvoice(contractNumber: string, index: number): WireInvoice {
  return {
    invoiceContractNo: contractNumber,
    invoiceNumber: `${contractNumber}-${String(index).padStart(6, '0')}`,
    billPeriod: '2025-06',
    invoiceAmount: 1000 + index,
    invoiceStatus: true,
  };
}

/**
 * A good body for what was asked: the window out of a contract of `total` invoices (paging by offset).
 * Members given in `others` take the place of the usual ones.
 */
export function toBillsBody(asked: AskedBills, total = 3, others: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const contractNumber = asked.contractNumber ?? '1';
  const count = Math.max(0, Math.min(asked.quantity, total - asked.pageInit));
  return {
    contractNo: contractNumber,
    billingAddress: [{ street: 'Palma 435', city: 'Asunción' }],
    dueDate: '2025-07-15',
    invoiceCollection: Array.from({ length: count }, (_, index) => toWireInvoice(contractNumber, asked.pageInit + index)),
    ...others,
  };
}
