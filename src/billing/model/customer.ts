import { invalidArgument } from './billing-error';

/** A customer as the billing API identifies it. Made by `parseCustomer` alone, so that its parts are always of their form. */
export interface Customer {
  readonly idType: string;
  readonly id: string;
}

// The contract calls `idType` a string and `id` a number. Both stand in the path of a URL, so the forms leave
// out everything that a path gives a meaning to (`/`, `.`, `?`, `#`, `%`) and all digits but ASCII's.
const ID_TYPE = /^[A-Za-z][A-Za-z0-9_-]{0,31}$/;
const DIGITS = /^[0-9]{1,20}$/;

/**
 * Makes a customer from the two arguments that name it.
 * @throws BillingError `invalid-input`, which names the argument and its form.
 */
export function parseCustomer(idType: unknown, id: unknown): Customer {
  if (typeof idType !== 'string' || !ID_TYPE.test(idType)) {
    throw invalidArgument('idType', 'a letter followed by at most 31 letters, digits, "_" or "-", such as "CPF"');
  }
  if (typeof id !== 'string' || !DIGITS.test(id)) {
    throw invalidArgument('id', 'a number of 1 to 20 digits (0-9), written without spaces or signs');
  }
  return { idType, id };
}

/**
 * Parses a contract number: an integer of at most 20 digits, including leading zeros.
 * @param argument the argument's name, for the message.
 * @throws BillingError `invalid-input`.
 */
export function parseContractNumber(number: unknown, argument = 'number'): string {
  if (typeof number !== 'string' || !DIGITS.test(number)) {
    throw invalidArgument(argument, "a contract's number: 1 to 20 digits (0-9), written without spaces or signs");
  }
  return number;
}

/** Whether a text that the billing API sent is a contract's number that it can be asked for. */
export function isContractNumber(number: string): boolean {
  return DIGITS.test(number);
}

/** A text that two share if and only if they are the same contract of the same customer; null: all of the customer's contracts. */
export function contractKey(customer: Customer, contractNumber: string | null): string {
  // Neither part can hold a "/" (see the forms above), so the joined text is unambiguous.
  return `${customer.idType}/${customer.id}/${contractNumber ?? ''}`;
}

// An invoice's number never enters a URL: it is compared with what the billing API sends. Any printable text will do.
const INVOICE_NUMBER = /^\P{Cc}{1,64}$/u;

/**
 * Takes an invoice's number, which is text: "007" and "7" are two invoices.
 * @throws BillingError `invalid-input`.
 */
export function parseInvoiceNumber(number: unknown): string {
  if (typeof number !== 'string' || !INVOICE_NUMBER.test(number)) {
    throw invalidArgument('number', "an invoice's number: 1 to 64 characters without control characters");
  }
  return number;
}
