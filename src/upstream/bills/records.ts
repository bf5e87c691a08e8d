import { readBoolean, readInteger, readText, type ByteRecords, type LeafType, type RecordLayout } from '../../runtime/byte-records';
import type { Address, Invoice, InvoiceMeaning, InvoiceOrigin, InvoiceState } from '../../billing/model/bills';

/** The invoices of one contract in a response. */
export interface InvoiceRecords extends ByteRecords {
  readonly origin: InvoiceOrigin;
  readonly meaning: InvoiceMeaning;
}

const OPPOSITE: Readonly<Record<InvoiceState, InvoiceState>> = { paid: 'unpaid', unpaid: 'paid' };

/** Makes the objects of a list's first `count` records. */
type ToList<R extends ByteRecords, T> = (records: R, count: number) => T[];

const READERS: Readonly<Record<LeafType, (records: ByteRecords, at: number) => unknown>> = {
  text: readText,
  integer: readInteger,
  boolean: readBoolean,
};

/** Makes the function that makes the addresses of a list whose values stand as a layout says. */
export function createToAddresses(layout: RecordLayout): ToList<ByteRecords, Address> {
  class AddressRecord {
    readonly records: ByteRecords;
    /** Where its marks begin. */
    readonly at: number;

    constructor(records: ByteRecords, at: number) {
      this.records = records;
      this.at = at;
    }
  }
  defineFields(AddressRecord.prototype, layout);
  return (records, count) => {
    const addresses = new Array<Address>(count);
    for (let i = 0; i < count; i++) addresses[i] = new AddressRecord(records, i * layout.stride) as unknown as Address;
    return addresses;
  };
}

/**
 * Makes the function that makes the invoices of a list whose values stand as a layout says. Most invoices are only written into
 * another response, which takes them byte by byte: with 1,000 invoices, making objects and texts of them took more time than all
 * else.
 */
export function createToInvoices(layout: RecordLayout): ToList<InvoiceRecords, Invoice> {
  class InvoiceRecord {
    readonly records: InvoiceRecords;
    /** Where its marks begin. */
    readonly at: number;

    // A class that both extend would make each of 1,000 records slower to make.
    constructor(records: InvoiceRecords, at: number) {
      this.records = records;
      this.at = at;
    }

    get origin(): InvoiceOrigin {
      return this.records.origin;
    }

    /** Throws as `status` does. */
    get state(): InvoiceState | null {
      const { statusTrue } = this.records.meaning;
      const status = statusTrue && (this as unknown as Invoice).status;
      if (statusTrue === null || status === null) return null;
      return status ? statusTrue : OPPOSITE[statusTrue];
    }

    get currency(): string | null {
      return this.records.meaning.currency;
    }
  }
  defineFields(InvoiceRecord.prototype, layout);
  // One loop for both classes would not know which constructor it calls, and call it the slow way.
  return (records, count) => {
    const invoices = new Array<Invoice>(count);
    for (let i = 0; i < count; i++) invoices[i] = new InvoiceRecord(records, i * layout.stride) as unknown as Invoice;
    return invoices;
  };
}

/** Gives a class a property for each value. Reading one throws where the value cannot be used. */
function defineFields(prototype: object, layout: RecordLayout): void {
  for (const [name, { column, type }] of layout.fields) {
    const read = READERS[type];
    Object.defineProperty(prototype, name, {
      enumerable: true,
      get(this: { readonly records: ByteRecords; readonly at: number }) {
        return read(this.records, this.at + column);
      },
    });
  }
}
