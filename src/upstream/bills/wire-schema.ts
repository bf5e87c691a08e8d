import { Ajv, _, type ErrorObject, type KeywordCxt } from 'ajv';
import type { components } from './wire.generated';

/** The answer's body as the contract describes it, with what our parsers make of its numbers. */
export type WireBills = Nullable<Omit<components['schemas']['billsCollection'], 'billingAddress' | 'invoiceCollection'>> & {
  billingAddress?: WireAddress[] | null;
  invoiceCollection?: WireInvoice[] | null;
};
export type WireAddress = Nullable<components['schemas']['address']>;
export type WireInvoice = Nullable<Omit<components['schemas']['invoice'], 'invoiceAmount'>> & { invoiceAmount?: number | bigint | null };

/** No field of the contract is required; an absent one and a null one say the same. */
type Nullable<T> = { [K in keyof T]?: T[K] | null };

/** How a value of the contract looks: the part of JSON Schema that is used here. */
export interface WireShape {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, WireShape>>;
  readonly items?: WireShape;
  readonly wholeNumber?: boolean;
}

const text = { type: ['string', 'null'] };

// The contract's models (schema/billing-v2.openapi.yaml; a test holds the two against each other). Fields that the
// contract does not name are let through unread: an API may grow.
const billsSchema = {
  type: 'object',
  properties: {
    contractNo: text,
    dueDate: text,
    billingAddress: {
      type: ['array', 'null'],
      items: {
        type: 'object',
        properties: { street: text, neighborhood: text, city: text, state: text, country: text, zipCode: text },
      },
    },
    invoiceCollection: {
      type: ['array', 'null'],
      items: {
        type: 'object',
        properties: {
          invoiceContractNo: text,
          invoiceNumber: text,
          billPeriod: text,
          invoiceAmount: { wholeNumber: true },
          invoiceStatus: { type: ['boolean', 'null'] },
        },
      },
    },
  },
};

/** The body's shape, for whoever compares an answer with it field by field. */
export const billsShape: WireShape = billsSchema;

// strict is off for union types alone; unknown keywords still stop the start.
const ajv = new Ajv({ allowUnionTypes: true });
ajv.addKeyword({
  keyword: 'wholeNumber',
  code(cxt: KeywordCxt) {
    // A bigint is what the exact parser makes of a whole number that a double cannot hold.
    cxt.fail(_`${cxt.data} !== null && typeof ${cxt.data} !== "bigint" && !Number.isInteger(${cxt.data})`);
  },
  error: { message: 'must be a whole number' },
});
const validate = ajv.compile(billsSchema);

/** Whether a parsed body follows the contract. Nothing is copied or changed. */
export const isWireBills: (body: unknown) => body is WireBills = validate as unknown as (body: unknown) => body is WireBills;

/** What is off in a body that `isWireBills` has just refused: paths and rules, never values. */
export function contractBreach(): string {
  return (validate.errors ?? []).map((error: ErrorObject) => `${error.instancePath || '/'} ${error.message ?? error.keyword}`).join('; ');
}
