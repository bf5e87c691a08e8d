import { readBoolean, readInteger, readText, type ByteRecords, type LeafType, type RecordLayout } from '../../runtime/byte-records';
import type { Address, Invoice, InvoiceMeaning, InvoiceOrigin, InvoiceState } from '../../billing/model/bills';

/** The invoices of one contract in a response. */
export interface InvoiceRecords extends ByteRecords {
  readonly origin: InvoiceOrigin;
  readonly meaning: InvoiceMeaning;
}

const OPPOSITE: Readonly<Record<InvoiceState, InvoiceState>> = { paid: 'unpaid', unpaid: 'paid' };

type RecordClass<R extends ByteRecords, T> = new (records: R, at: number) => T;

const READERS: Readonly<Record<LeafType, (records: ByteRecords, at: number) => unknown>> = {
  text: readText,
  integer: readInteger,
  boolean: readBoolean,
};

/** Makes the class of addresses whose values stand as a layout says. */
export function createAddressClass(layout: RecordLayout): RecordClass<ByteRecords, Address> {
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
  return AddressRecord as unknown as RecordClass<ByteRecords, Address>;
}

/**
 * Makes the class of invoices whose values stand as a layout says. Most invoices are only written into another response,
 * which takes them byte by byte: with 1,000 invoices, making objects and texts of them took more time than all else.
 */
export function createInvoiceClass(layout: RecordLayout): RecordClass<InvoiceRecords, Invoice> {
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
  return InvoiceRecord as unknown as RecordClass<InvoiceRecords, Invoice>;
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
