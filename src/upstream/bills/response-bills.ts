import type { Address, Bills, Invoice } from '../../billing/model/bills';
import type { Window } from '../../billing/model/window';
import { readText, type ByteRecords } from '../../runtime/byte-records';
import { invalidResponse } from '../errors/failures';

/** The lists of a contract. In place of a list, an Error that is thrown when the list is read. */
export interface ResponseLists {
  readonly billingAddresses: readonly Address[] | Error | null;
  readonly invoices: readonly Invoice[] | Error;
  /** Number of invoices received, including those outside the window. */
  readonly sent: number;
}

/** The bills of a response. Reading an unusable part throws. */
export class ResponseBills implements Bills {
  /** Null for the bills of several contracts. */
  readonly #head: ByteRecords | null;
  readonly #lists: ResponseLists;
  readonly #contracts: readonly ResponseBills[] | null;

  /** @param contracts the separate contracts, for the bills of several. */
  constructor(head: ByteRecords | null, lists: ResponseLists, contracts: readonly ResponseBills[] | null = null) {
    this.#head = head;
    this.#lists = lists;
    this.#contracts = contracts;
  }

  /**
   * Concatenates the bills of all contracts of a list. The API pages within each contract: with several contracts, the invoices
   * form no window of the whole list if there are more than requested, or if the window is not the first.
   */
  static merge(all: readonly ResponseBills[], { offset, limit }: Window): ResponseBills {
    const failed = all.find((bills) => bills.#lists.invoices instanceof Error);
    if (failed) return new ResponseBills(null, { billingAddresses: null, invoices: failed.#lists.invoices, sent: 0 }, all);
    const invoices = all.flatMap((bills) => bills.usableInvoices);
    const numbers = all.map(ownNumber).filter((number) => number !== null);
    const isTwice = new Set(numbers).size < numbers.length;
    const isNoWindow = all.length > 1 && (invoices.length > limit || offset > 0);
    const lists = {
      billingAddresses: null,
      sent: invoices.length,
      invoices: isTwice
        ? invalidResponse('the body is a list in which a contract is there twice')
        : isNoWindow
          ? invalidResponse('the body is a window of each of several contracts')
          : invoices,
    };
    return new ResponseBills(null, lists, all);
  }

  get contracts(): readonly ResponseBills[] {
    return this.#contracts ?? [this];
  }

  get sentInvoices(): number {
    return this.#lists.sent;
  }

  get contractNumber(): string | null {
    return this.#text('contractNumber');
  }

  get dueDate(): string | null {
    return this.#text('dueDate');
  }

  get billingAddresses(): readonly Address[] | null {
    return usable(this.#lists.billingAddresses);
  }

  get invoices(): readonly Invoice[] {
    return usable(this.#lists.invoices);
  }

  /** The invoices; empty if the list is unusable. */
  get usableInvoices(): readonly Invoice[] {
    const { invoices } = this.#lists;
    return invoices instanceof Error ? [] : invoices;
  }

  /** The failure of the first unusable list; null if all are usable. */
  get failure(): Error | null {
    if (this.#contracts) return this.#contracts.find((bills) => bills.failure)?.failure ?? null;
    const { billingAddresses, invoices } = this.#lists;
    return invoices instanceof Error ? invoices : billingAddresses instanceof Error ? billingAddresses : null;
  }

  /** Returns these bills with an unusable list of invoices. */
  withoutInvoices(failure: Error): ResponseBills {
    return new ResponseBills(this.#head, { ...this.#lists, invoices: failure });
  }

  #text(name: string): string | null {
    const field = this.#head?.layout.fields.get(name);
    return field && this.#head ? readText(this.#head, field.column) : null;
  }
}

/** The number that a contract names as its own; null where it names none that can be read. */
function ownNumber(bills: ResponseBills): string | null {
  try {
    return bills.contractNumber;
  } catch {
    return null;
  }
}

function usable<T>(value: T | Error): T {
  if (value instanceof Error) throw value;
  return value;
}
