import { readText, type AnswerBytes } from './response-bytes';
import type { Address } from './bills';

/** Where an address's values stand among the marks of its answer. */
export const ADDRESS_COLUMNS = { street: 0, neighborhood: 1, city: 2, state: 3, country: 4, zipCode: 5 } as const;
/** The mark that holds how many bytes the address takes. */
export const ADDRESS_LENGTH_COLUMN = 6;
/** Marks that an address has. */
export const MARKS_PER_ADDRESS = 7;

/** An address that is read from its answer's bytes when somebody asks, as invoices are; see `InvoiceRecord`. */
export class AddressRecord implements Address {
  readonly records: AnswerBytes;
  /** Where its marks begin. */
  readonly at: number;

  constructor(records: AnswerBytes, at: number) {
    this.records = records;
    this.at = at;
  }

  get street(): string | null {
    return this.#text(ADDRESS_COLUMNS.street);
  }

  get neighborhood(): string | null {
    return this.#text(ADDRESS_COLUMNS.neighborhood);
  }

  get city(): string | null {
    return this.#text(ADDRESS_COLUMNS.city);
  }

  get state(): string | null {
    return this.#text(ADDRESS_COLUMNS.state);
  }

  get country(): string | null {
    return this.#text(ADDRESS_COLUMNS.country);
  }

  get zipCode(): string | null {
    return this.#text(ADDRESS_COLUMNS.zipCode);
  }

  #text(column: number): string | null {
    return readText(this.records.bytes, this.records.marks[this.at + column] as number);
  }
}
