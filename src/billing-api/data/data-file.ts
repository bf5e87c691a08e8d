import { readFile } from 'node:fs/promises';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020';
import { isInteger, parse } from 'lossless-json';
import { ledgerSchema } from './ledger-schema';
import { toCanonicalDigits, toCustomerKeyText, type LedgerData } from './ledger';

/**
 * A data file is JSON. Contracts are written exactly as the API answers them, in the contract's own model
 * `billsCollection`; a member that is left out stays out of the answer. Amounts may have any number of digits.
 *
 * ```json
 * {
 *   "clients": [
 *     { "clientId": "shop", "clientSecret": "…", "mayRead": [{ "idType": "RUC", "id": "80012345" }] },
 *     { "clientId": "audit", "clientSecret": "…", "mayRead": "all" }
 *   ],
 *   "customers": [
 *     {
 *       "idType": "RUC",
 *       "id": "80012345",
 *       "contracts": [
 *         {
 *           "contractNo": "700100",
 *           "billingAddress": [{ "street": "…", "city": "Asunción" }],
 *           "dueDate": "2025-07-15",
 *           "invoiceCollection": [
 *             { "invoiceContractNo": "700100", "invoiceNumber": "0001", "billPeriod": "2025-06", "invoiceAmount":
 * 9007199254740993, "invoiceStatus": false }
 *           ]
 *         }
 *       ]
 *     }
 *   ]
 * }
 * ```
 */
export async function readDataFile(file: string): Promise<LedgerData> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new DataFileError(file, [String(error)]);
  }
  return parseLedgerData(text, file);
}

/** A data file that cannot be used, with every problem found in it. */
export class DataFileError extends Error {
  override readonly name = 'DataFileError';

  constructor(
    readonly file: string,
    readonly problems: readonly string[],
  ) {
    super([`The data file ${file} cannot be used:`, ...problems].join('\n  '));
  }
}

/** Reads the text of a data file; throws a `DataFileError` that names the place of each problem. */
export function parseLedgerData(text: string, file: string): LedgerData {
  let data: unknown;
  try {
    data = parse(text, null, (digits) => (isInteger(digits) ? BigInt(digits) : Number(digits)));
  } catch (error) {
    throw new DataFileError(file, [`not JSON: ${String(error)}`]);
  }
  if (!isLedgerShape(data)) throw new DataFileError(file, (isLedgerShape.errors ?? []).map(toProblem));
  const problems = findContradictions(data);
  if (problems.length > 0) throw new DataFileError(file, problems);
  return data;
}

const ajv = new Ajv2020({ allErrors: true });
ajv.addKeyword({
  keyword: 'exactInteger',
  schemaType: 'boolean',
  validate: (_wanted: boolean, value: unknown) => typeof value === 'bigint',
});
const isLedgerShape = ajv.compile<LedgerData>(ledgerSchema);

function toProblem(error: ErrorObject): string {
  const place = error.instancePath === '' ? '/' : error.instancePath;
  if (error.keyword === 'exactInteger') return `${place} must be a whole number, written in digits`;
  if (error.keyword === 'additionalProperties')
    return `${place} must not have the member ${JSON.stringify(error.params['additionalProperty'])}`;
  return `${place} ${error.message ?? 'is wrong'}`;
}

/** What the shape alone cannot rule out: two records under one name, and rights to customers that are not there. */
function findContradictions(data: LedgerData): string[] {
  const customers = new Set(data.customers.map(toCustomerKeyText));
  return [
    ...findRepeated(data.clients.map((client) => client.clientId)).map((index) => `/clients/${index}/clientId is used twice`),
    ...findRepeated(data.customers.map(toCustomerKeyText)).map((index) => `/customers/${index} has the idType and id of another customer`),
    ...data.customers.flatMap((customer, index) =>
      findRepeated(customer.contracts.map((contract) => toCanonicalDigits(contract.contractNo))).map(
        (at) => `/customers/${index}/contracts/${at}/contractNo is used twice`,
      ),
    ),
    ...data.clients.flatMap((client, index) =>
      client.mayRead === 'all'
        ? []
        : client.mayRead.flatMap((key, at) =>
            customers.has(toCustomerKeyText(key)) ? [] : [`/clients/${index}/mayRead/${at} is not a customer of this file`],
          ),
    ),
  ];
}

/** The places of keys that stand further up already. */
function findRepeated(keys: readonly string[]): number[] {
  const seen = new Set<string>();
  return keys.flatMap((key, index) => (seen.size < seen.add(key).size ? [] : [index]));
}
