import { createRequire } from 'node:module';
import type { Ajv as AjvClass } from 'ajv';
import type * as Yaml from 'yaml';
import { CONTRACT_TABLE, type LeafMember, type LeafTable, type WireTable } from '../scan/wire-table';
import { CONTRACT_REQUEST, type FilterForm, type PageInitReading, type RequestForm } from './bills-path';

/** How a deployment's billing API differs from the contract. */
export interface Dialect {
  /** How requests are written; without paging of its own, that of the settings. */
  readonly request: Omit<RequestForm, 'paging'>;
  readonly paging: PageInitReading | null;
  readonly table: WireTable;
  /** Where an error body has its message: the names of members, from the outside in. */
  readonly errorMessage: readonly string[];
  /** Whether a request without a contract number is answered with each of the customer's contracts apart, one object or a list. */
  readonly listsContracts: boolean;
}

/** The contract itself. */
export const CONTRACT_DIALECT: Dialect = {
  request: { parameters: CONTRACT_REQUEST.parameters, extraParameters: CONTRACT_REQUEST.extraParameters },
  paging: null,
  table: CONTRACT_TABLE,
  errorMessage: ['error', 'message'],
  listsContracts: false,
};

/** What a dialect file holds. */
interface DialectFile {
  readonly paging?: { readonly mode: 'offset' | 'page'; readonly base: 0 | 1 };
  readonly parameters?: { readonly pageInit?: string; readonly quantity?: string; readonly contractNumber?: string | null };
  readonly extraParameters?: Readonly<Record<string, string>>;
  readonly filters?: FilterForm;
  readonly members?: {
    readonly contract?: Readonly<Record<string, string>>;
    readonly address?: Readonly<Record<string, string>>;
    readonly invoice?: Readonly<Record<string, string>>;
    readonly lists?: Readonly<Record<string, string>>;
  };
  readonly statusValues?: Readonly<Record<string, boolean>>;
  readonly errorMessage?: string;
  readonly listsContracts?: boolean;
}

const PARAMETER = { type: 'string', pattern: '^[A-Za-z0-9._~-]{1,64}$' };
const VALUE = { type: 'string', minLength: 1, maxLength: 200 };
/** The scanner compares names four bytes at a time, the quotation mark after them included. */
const MEMBER = { type: 'string', pattern: '^[\\x20-\\x21\\x23-\\x5b\\x5d-\\x7e]{3,100}$' };

function namesOf(table: object): object {
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(Object.keys(table).map((name) => [name, MEMBER])),
  };
}

const SCHEMA = {
  type: 'object',
  additionalProperties: false,
  properties: {
    paging: {
      type: 'object',
      additionalProperties: false,
      required: ['mode', 'base'],
      properties: { mode: { enum: ['offset', 'page'] }, base: { enum: [0, 1] } },
    },
    parameters: {
      type: 'object',
      additionalProperties: false,
      properties: { pageInit: PARAMETER, quantity: PARAMETER, contractNumber: { anyOf: [PARAMETER, { type: 'null' }] } },
    },
    extraParameters: { type: 'object', propertyNames: PARAMETER, additionalProperties: { type: 'string', maxLength: 200 } },
    filters: {
      type: 'object',
      additionalProperties: false,
      minProperties: 1,
      properties: {
        status: {
          type: 'object',
          additionalProperties: false,
          required: ['parameter', 'true', 'false'],
          properties: { parameter: PARAMETER, true: VALUE, false: VALUE },
        },
        billPeriods: {
          type: 'object',
          additionalProperties: false,
          required: ['parameter'],
          properties: { parameter: PARAMETER, separator: { type: 'string', minLength: 1, maxLength: 10 } },
        },
      },
    },
    members: {
      type: 'object',
      additionalProperties: false,
      properties: {
        contract: namesOf(CONTRACT_TABLE.contract),
        address: namesOf(CONTRACT_TABLE.address),
        invoice: namesOf(CONTRACT_TABLE.invoice),
        lists: namesOf(CONTRACT_TABLE.lists),
      },
    },
    statusValues: { type: 'object', minProperties: 1, additionalProperties: { type: 'boolean' } },
    listsContracts: { type: 'boolean' },
    errorMessage: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}(?:\\.[A-Za-z0-9_-]{1,64}){0,7}$' },
  },
};

/**
 * Reads a dialect file, which is YAML or JSON.
 * @throws Error with every problem, each with the key that it is about.
 */
export function parseDialect(content: string): Dialect {
  const file = validate(parseYaml(content));
  const { parameters, extraParameters, filters, members, statusValues, errorMessage } = file;
  const { request } = CONTRACT_DIALECT;
  const table = toTable(members, statusValues);
  const problems = findAmbiguous(table, { ...request.parameters, ...parameters }, extraParameters, filters);
  if (problems.length > 0) throw new Error(problems.join('; '));
  return {
    request: { parameters: { ...request.parameters, ...parameters }, extraParameters: extraParameters ?? {}, ...(filters && { filters }) },
    paging: file.paging ?? null,
    table,
    errorMessage: errorMessage?.split('.') ?? CONTRACT_DIALECT.errorMessage,
    // Where no contract number can be sent, the response has all of them.
    listsContracts: file.listsContracts ?? parameters?.contractNumber === null,
  };
}

function toTable(members: DialectFile['members'], statusValues: DialectFile['statusValues']): WireTable {
  const invoice = rename(CONTRACT_TABLE.invoice, members?.invoice);
  const status: LeafMember = {
    ...(invoice['status'] as LeafMember),
    ...(statusValues && { values: new Map(Object.entries(statusValues)) }),
  };
  return {
    contract: rename(CONTRACT_TABLE.contract, members?.contract),
    address: rename(CONTRACT_TABLE.address, members?.address),
    invoice: { ...invoice, status },
    lists: { ...CONTRACT_TABLE.lists, ...members?.lists },
  };
}

function rename(table: LeafTable, names: Readonly<Record<string, string>> = {}): LeafTable {
  return Object.fromEntries(Object.entries(table).map(([name, member]) => [name, { ...member, wire: names[name] ?? member.wire }]));
}

/** Two members or parameters of one name. */
function findAmbiguous(
  table: WireTable,
  parameters: RequestForm['parameters'],
  extraParameters: RequestForm['extraParameters'] = {},
  filters: FilterForm = {},
): string[] {
  const filterParameters = Object.values(filters as Readonly<Record<string, { readonly parameter: string }>>).map(
    ({ parameter }) => parameter,
  );
  const groups: Readonly<Record<string, readonly unknown[]>> = {
    'members.contract': [...Object.values(table.contract).map(({ wire }) => wire), ...Object.values(table.lists)],
    'members.address': Object.values(table.address).map(({ wire }) => wire),
    'members.invoice': Object.values(table.invoice).map(({ wire }) => wire),
    parameters: [...Object.values(parameters), ...Object.keys(extraParameters)],
    // One of these takes the place of an extra parameter.
    filters: [...Object.values(parameters), ...filterParameters],
  };
  return Object.entries(groups)
    .filter(([, names]) => new Set(names).size < names.length)
    .map(([key]) => `${key}: two of the names are the same`);
}

/** Settings are read synchronously, and without a dialect file a gateway needs neither parser nor validator. */
const load = createRequire(__filename);

function parseYaml(content: string): unknown {
  const yaml = load('yaml') as typeof Yaml;
  return yaml.parse(content);
}

function validate(file: unknown): DialectFile {
  const { Ajv } = load('ajv') as { readonly Ajv: typeof AjvClass };
  const ajv = new Ajv({ allErrors: true });
  if (ajv.validate<DialectFile>(SCHEMA, file)) return file;
  const problems = (ajv.errors ?? []).map(({ instancePath, message, params }) => {
    const key = instancePath.slice(1).replaceAll('/', '.');
    const more = (params['additionalProperty'] ?? params['allowedValues']) as string | readonly (string | number)[] | undefined;
    return `${key === '' ? 'the file' : key} ${message ?? 'is not usable'}${more === undefined ? '' : `: ${String(more)}`}`;
  });
  throw new Error([...new Set(problems)].join('; '));
}
