import { readText, type AnswerBytes } from './response-bytes';
import type { Invoice, InvoiceOrigin } from './bills';

/** Where an invoice's values stand among the marks of its answer. */
export const INVOICE_COLUMNS = { contractNumber: 0, number: 1, billPeriod: 2, amount: 3, status: 4 } as const;
/** The mark that holds how many bytes the invoice takes. */
export const LENGTH_COLUMN = 5;
/** Marks that an invoice has. */
export const MARKS_PER_INVOICE = 6;

/** The invoices of one answer, where they stand in its bytes. */
export interface InvoiceRecords extends AnswerBytes {
  readonly origin: InvoiceOrigin;
}

const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const LETTER_T = 0x74;

/**
 * An invoice that is read from its answer's bytes when somebody asks. Most are only written into another answer, which
 * takes them byte by byte: with 1,000 invoices, making objects and texts of them took more time than all else together.
 */
export class InvoiceRecord implements Invoice {
  readonly records: InvoiceRecords;
  /** Where its marks begin. */
  readonly at: number;

  constructor(records: InvoiceRecords, at: number) {
    this.records = records;
    this.at = at;
  }

  get number(): string | null {
    return this.#text(INVOICE_COLUMNS.number);
  }

  get contractNumber(): string | null {
    return this.#text(INVOICE_COLUMNS.contractNumber);
  }

  get billPeriod(): string | null {
    return this.#text(INVOICE_COLUMNS.billPeriod);
  }

  get amount(): number | null {
    const { bytes } = this.records;
    let at = this.#mark(INVOICE_COLUMNS.amount);
    if (at === 0) return null;
    const sign = bytes[at] === MINUS ? -1 : 1;
    if (sign < 0) at++;
    let amount = 0;
    for (let digit = bytes[at] as number; digit >= ZERO && digit <= NINE; digit = bytes[++at] as number)
      amount = amount * 10 + digit - ZERO;
    return sign * amount;
  }

  get status(): boolean | null {
    const at = this.#mark(INVOICE_COLUMNS.status);
    return at === 0 ? null : this.records.bytes[at] === LETTER_T;
  }

  get origin(): InvoiceOrigin {
    return this.records.origin;
  }

  #text(column: number): string | null {
    return readText(this.records.bytes, this.#mark(column));
  }

  #mark(column: number): number {
    return this.records.marks[this.at + column] as number;
  }
}
