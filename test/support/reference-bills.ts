import { parse } from 'lossless-json';

/** In place of a value that cannot be used. */
export const UNUSABLE = 'unusable';

/** A number as it was written. */
class Digits {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Two values of one name. */
class Both {
  readonly first: unknown;
  readonly second: unknown;
  constructor(first: unknown, second: unknown) {
    this.first = first;
    this.second = second;
  }
}

type Members = Readonly<Record<string, unknown>>;
type Read = (value: unknown) => unknown;

/** Reads a value, and the same where it stands there twice. */
function once(read: Read): Read {
  return (value) => {
    if (!(value instanceof Both)) return read(value);
    const [first, second] = [once(read)(value.first), once(read)(value.second)];
    return first === second ? first : UNUSABLE;
  };
}

const text = once((value) => {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  return value instanceof Digits && value.text.length <= 400 && !/e/i.test(value.text) ? value.text : UNUSABLE;
});

const integer = once((value) => {
  if (value === null || value === undefined) return null;
  if (value instanceof Digits) return /^-?\d+$/.test(value.text) ? BigInt(value.text) : notation(value.text);
  return typeof value === 'string' && /^-?(0|[1-9]\d*)$/.test(value) ? BigInt(value) : UNUSABLE;
});

/** A whole number with a point or an exponent, for numbers that tests write. */
function notation(number: string): unknown {
  const value = Number(number);
  return Number.isSafeInteger(value) ? BigInt(value) : UNUSABLE;
}

const boolean = once((value) => {
  if (value === null || value === undefined) return null;
  return value === 'true' ? true : value === 'false' ? false : typeof value === 'boolean' ? value : UNUSABLE;
});

const INVOICE: Readonly<Record<string, readonly [string, Read]>> = {
  number: ['invoiceNumber', text],
  contractNumber: ['invoiceContractNo', text],
  billPeriod: ['billPeriod', text],
  amount: ['invoiceAmount', integer],
  status: ['invoiceStatus', boolean],
};
const ADDRESS = Object.fromEntries(
  ['street', 'neighborhood', 'city', 'state', 'country', 'zipCode'].map((name): [string, readonly [string, Read]] => [name, [name, text]]),
);

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Digits) && !(value instanceof Both);
}

/** What a member says; null is unusable where a value stands under another spelling of its name. */
function member(members: Members, name: string, read: Read): unknown {
  const value = read(members[name]);
  const isMisspelt = Object.entries(members).some(
    ([other, said]) =>
      other !== name && lettersOf(other) === lettersOf(name) && (said instanceof Both ? (said.first ?? said.second) : said) != null,
  );
  return value === null && isMisspelt ? UNUSABLE : value;
}

function lettersOf(name: string): string {
  return name.replace(/[-_]/g, '').replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function record(table: Readonly<Record<string, readonly [string, Read]>>, value: unknown): unknown {
  const names = Object.values(table).map(([wire]) => wire);
  const isRecord = isObject(value) && (Object.keys(value).length === 0 || names.some((name) => Object.hasOwn(value, name)));
  return Object.fromEntries(Object.entries(table).map(([name, [wire, read]]) => [name, isRecord ? member(value, wire, read) : UNUSABLE]));
}

function list(table: Readonly<Record<string, readonly [string, Read]>>, value: unknown, whenAbsent: unknown): unknown {
  if (value instanceof Both) return value.first === null && value.second === null ? whenAbsent : UNUSABLE;
  if (value === null || value === undefined) return whenAbsent;
  if (Array.isArray(value)) return value.map((item) => record(table, item));
  const isOne = isObject(value) && Object.values(table).some(([wire]) => Object.hasOwn(value, wire));
  return isOne ? [record(table, value)] : UNUSABLE;
}

/**
 * What a body of one contract means, read by another parser and by plain rules: amounts are bigints, and `UNUSABLE` stands
 * where reading has to fail. Undefined where the body is not JSON, or has no members. Members that the contract does not name have to be
 * harmless: no lists or objects, and no name like those of errors, invoices or addresses.
 */
export function referenceBills(body: string): unknown {
  let value: unknown;
  try {
    value = parse(body, undefined, {
      parseNumber: (number) => new Digits(number),
      onDuplicateKey: ({ oldValue, newValue }) => new Both(oldValue, newValue),
    });
  } catch {
    return undefined;
  }
  if (!isObject(value) || Object.keys(value).length === 0) return undefined;
  return {
    contractNumber: member(value, 'contractNo', text),
    dueDate: member(value, 'dueDate', text),
    billingAddresses: list(ADDRESS, value['billingAddress'], null),
    invoices: list(INVOICE, value['invoiceCollection'], []),
  };
}
