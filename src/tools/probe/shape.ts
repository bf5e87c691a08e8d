import { CONTRACT_TABLE, type LeafMember, type LeafTable } from '../../upstream/scan/wire-table';
import { findLists, isObject, toContracts, type Exchange, type JsonObject } from './exchange';

/** How the bodies of an API differ from the contract's. Names and types only: no value of a member gets in here. */
export interface FoundShape {
  /** Whether responses are lists of contracts. */
  readonly isList: boolean;
  /** Other names of the contract's members, as a dialect file has them. */
  readonly members: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** In words: the contract's members that were not seen, others that were, and types. */
  readonly differences: readonly string[];
  /** How many texts of `invoiceStatus` are neither of the contract nor among those that the probe was told; null: it is no text. */
  readonly unknownStatusTexts: number | null;
}

/** Names of other APIs for a member, in small letters and without marks. */
const ALIASES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  contract: {
    contractNumber: ['contractnumber', 'contract', 'contractid', 'contrato'],
    dueDate: ['duedate', 'expirationdate', 'paymentduedate', 'vencimiento'],
  },
  invoice: {
    contractNumber: ['contractnumber', 'contractno', 'contract', 'contractid', 'invoicecontract', 'invoicecontractnumber'],
    number: ['number', 'invoiceno', 'invoiceid', 'invoicenumber', 'billnumber', 'billno'],
    billPeriod: ['period', 'billperiod', 'billingperiod'],
    amount: ['amount', 'totalamount', 'total', 'billamount', 'invoicetotal'],
    status: ['status', 'state', 'billstatus'],
  },
  address: {
    zipCode: ['zip', 'postalcode', 'postcode'],
    neighborhood: ['neighbourhood', 'district'],
    country: [],
    city: [],
    state: [],
    street: ['address'],
  },
};
/** What may be printed as the name of a member: a body may have a customer's number for one. */
const PRINTABLE = /^(?!.*\d{4})[A-Za-z_][\w-]{2,39}$/;

/** Looks at all bodies with status 200. */
export function findShape(exchanges: readonly Exchange[], statusValues: Readonly<Record<string, boolean>>): FoundShape {
  const bodies = exchanges.filter(({ status }) => status === 200).map(({ json }) => json);
  const contracts = bodies.flatMap(toContracts).filter((contract) => Object.keys(contract).length > 0);
  const lists = { billingAddresses: nameOf(contracts, 'addresses'), invoices: nameOf(contracts, 'invoices') };
  const listNames = Object.entries(lists).filter(
    ([key, name]) => name !== null && name !== CONTRACT_TABLE.lists[key as keyof typeof lists],
  );
  const invoices = recordsOf(contracts, lists.invoices);
  const records = {
    contract: compareRecords('contract', CONTRACT_TABLE.contract, contracts, Object.values(lists)),
    address: compareRecords('address', CONTRACT_TABLE.address, recordsOf(contracts, lists.billingAddresses)),
    invoice: compareRecords('invoice', CONTRACT_TABLE.invoice, invoices),
  };
  const names = Object.entries(records).filter(([, { renamed }]) => Object.keys(renamed).length > 0);
  const status = records.invoice.renamed['status'] ?? CONTRACT_TABLE.invoice.status.wire;
  return {
    isList: bodies.some((body) => Array.isArray(body)),
    members: {
      ...Object.fromEntries(names.map(([record, { renamed }]) => [record, renamed])),
      ...(listNames.length > 0 && { lists: Object.fromEntries(listNames) as Record<string, string> }),
    },
    differences: [
      ...listNames.map(([key, name]) => `the list ${CONTRACT_TABLE.lists[key as keyof typeof lists]} is called ${String(name)}`),
      ...Object.values(records).flatMap(({ differences }) => differences),
    ],
    unknownStatusTexts: countStatusTexts(invoices, status, statusValues),
  };
}

function nameOf(contracts: readonly JsonObject[], list: 'invoices' | 'addresses'): string | null {
  const names = contracts.map((contract) => findLists(contract)[list]).filter((name) => name !== null);
  return names.find((name) => PRINTABLE.test(name)) ?? null;
}

function recordsOf(contracts: readonly JsonObject[], list: string | null): JsonObject[] {
  return list === null ? [] : contracts.flatMap((contract) => toContracts(contract[list]));
}

function compareRecords(
  record: string,
  table: LeafTable,
  objects: readonly JsonObject[],
  lists: readonly (string | null)[] = [],
): { readonly renamed: Record<string, string>; readonly differences: readonly string[] } {
  if (objects.length === 0) return { renamed: {}, differences: record === 'contract' ? [] : [`no ${record} was seen`] };
  const seen = new Set(objects.flatMap((object) => Object.keys(object)));
  const known = new Set<string | null>([...Object.values(table).map(({ wire }) => wire), ...lists]);
  const others = [...seen].filter((name) => !known.has(name));
  const renamed: Record<string, string> = {};
  const differences: string[] = [];
  for (const [key, member] of Object.entries(table)) {
    const alias = seen.has(member.wire)
      ? undefined
      : others.find((name) => isAlias(record, key, name) && !Object.values(renamed).includes(name));
    if (alias !== undefined) renamed[key] = alias;
    differences.push(...describeMember(record, member, { alias, objects }));
  }
  const unknown = others.filter((name) => !Object.values(renamed).includes(name));
  const shown = unknown.filter((name) => PRINTABLE.test(name)).slice(0, 20);
  const hidden = unknown.length - shown.length;
  if (shown.length > 0) differences.push(`${record} has members that the contract does not have: ${shown.join(', ')}`);
  if (hidden > 0) differences.push(`${record} has ${hidden} more members, with names that are not printed`);
  return { renamed, differences };
}

function isAlias(record: string, key: string, name: string): boolean {
  return PRINTABLE.test(name) && (ALIASES[record]?.[key] ?? []).includes(name.toLowerCase().replaceAll(/[^a-z]/g, ''));
}

function describeMember(
  record: string,
  { wire, type }: LeafMember,
  { alias, objects }: { readonly alias: string | undefined; readonly objects: readonly JsonObject[] },
): string[] {
  const name = alias ?? wire;
  const values = objects.flatMap((object) => (Object.hasOwn(object, name) ? [object[name]] : []));
  if (values.length === 0) return [`${record}.${wire} was not seen`];
  const types = [...new Set(values.map(toTypeName))].filter((found) => found !== type && found !== 'null');
  return [
    ...(alias === undefined ? [] : [`${record}.${wire} is called ${alias}`]),
    ...types
      .filter((found) => !(type === 'text' && found === 'text of digits'))
      .map((found) => `${record}.${name} is ${found} where the contract has ${type}`),
  ];
}

function toTypeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'a decimal number';
  if (typeof value === 'string') return /^-?\d+$/.test(value) ? 'text of digits' : 'text';
  return typeof value === 'boolean' ? 'boolean' : 'an object';
}

function countStatusTexts(invoices: readonly JsonObject[], name: string, told: Readonly<Record<string, boolean>>): number | null {
  const texts = new Set(invoices.map((invoice) => invoice[name]).filter((value) => typeof value === 'string'));
  if (texts.size === 0) return null;
  return [...texts].filter((text) => text !== 'true' && text !== 'false' && !Object.hasOwn(told, text)).length;
}

/** Where an error body has its message, as `error.message`; null where there is none. */
export function findErrorMessage(exchanges: readonly Exchange[]): string | null {
  const paths = exchanges.filter(({ status }) => status >= 400).map(({ json }) => pathToMessage(json, 4));
  return paths.find((path) => path !== null)?.join('.') ?? null;
}

function pathToMessage(value: unknown, depth: number): string[] | null {
  if (!isObject(value) || depth === 0) return null;
  const entries = Object.entries(value).filter(([name]) => PRINTABLE.test(name));
  const own = entries.find(
    ([name, member]) =>
      typeof member === 'string' && /^(?:message|error_?message|error_description|detail|faultstring|mensaje)$/i.test(name),
  );
  if (own) return [own[0]];
  for (const [name, member] of entries) {
    const path = pathToMessage(member, depth - 1);
    if (path) return [name, ...path];
  }
  return null;
}
