import { OPEN_BRACE, OPEN_BRACKET, LETTER_F, LETTER_N, QUOTE, skipSpace, ZERO } from './json-bytes';

/** Longer names are not looked at. */
const MAX_NAME_BYTES = 64;
/** Members with which APIs and gateways report an error, whatever the status. */
const ERROR = /^(?:errors?|faults?|error_?message)$/i;
/** What a list of invoices may be called in another version of the API. */
const INVOICES = /invoice|factura|bill(?!ing_?address)/i;
const ADDRESSES = /address|direccion/i;

/** What is told of the members of a contract that have none of the contract's names. */
export class UnknownMembers {
  /** Whether there is any. */
  exist = false;
  /** Whether one reports an error. */
  reportError = false;
  /** Whether one is a list, or an object that is not empty. */
  holdData = false;
  /** Whether one has a name like those of invoices, and a value. */
  nameInvoices = false;
  /** Whether one has a name like those of addresses, and is a list, or an object that is not empty. */
  nameAddresses = false;

  /** Notes a member: where its name, its value, and what follows the value begin. */
  add(bytes: Buffer, { name, value, end }: { readonly name: number; readonly value: number; readonly end: number }): void {
    this.exist = true;
    const first = bytes[value] as number;
    const isNothing = isEmpty(bytes, value, end);
    if (first === OPEN_BRACKET || (first === OPEN_BRACE && !isNothing)) this.holdData = true;
    const quote = bytes.indexOf(QUOTE, name + 1);
    if (isNothing && first !== OPEN_BRACKET) return;
    if (quote - name > MAX_NAME_BYTES) return;
    const text = bytes.toString('latin1', name + 1, quote);
    if (!isNothing && ERROR.test(text)) this.reportError = true;
    if (INVOICES.test(text)) this.nameInvoices = true;
    if ((first === OPEN_BRACKET || first === OPEN_BRACE) && ADDRESSES.test(text)) this.nameAddresses = true;
  }
}

/** Whether a value says nothing: null, false, 0, or an empty text, list or object. */
function isEmpty(bytes: Buffer, value: number, end: number): boolean {
  switch (bytes[value]) {
    case LETTER_N:
    case LETTER_F:
      return true;
    case ZERO:
      return end === value + 1;
    case QUOTE:
      return end === value + 2;
    case OPEN_BRACE:
    case OPEN_BRACKET:
      return skipSpace(bytes, value + 1) === end - 1;
    default:
      return false;
  }
}
