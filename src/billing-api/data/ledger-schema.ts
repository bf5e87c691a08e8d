const text = { type: 'string' } as const;
const digits = { type: 'string', pattern: '^[0-9]+$' } as const;

/** An object with exactly these members, of which the named ones must be there. */
function record<Members extends object>(properties: Members, required: readonly (keyof Members)[] = []) {
  return { type: 'object', additionalProperties: false, properties, required } as const;
}

const address = record({ street: text, neighborhood: text, city: text, state: text, country: text, zipCode: text });

// `exactInteger` is a keyword of ours: the file's numbers are read as bigint, which JSON Schema's `integer` does not know.
const invoice = record({
  invoiceContractNo: text,
  invoiceNumber: text,
  billPeriod: text,
  invoiceAmount: { exactInteger: true },
  invoiceStatus: { type: 'boolean' },
});

const contract = record(
  {
    contractNo: digits,
    billingAddress: { type: 'array', items: address },
    dueDate: text,
    invoiceCollection: { type: 'array', items: invoice },
  },
  ['contractNo', 'invoiceCollection'],
);

const customerKey = { idType: { type: 'string', minLength: 1 }, id: digits } as const;
const customer = record({ ...customerKey, contracts: { type: 'array', items: contract } }, ['idType', 'id', 'contracts']);
const client = record(
  {
    clientId: { type: 'string', minLength: 1 },
    clientSecret: { type: 'string', minLength: 1 },
    mayRead: { if: { type: 'string' }, then: { const: 'all' }, else: { type: 'array', items: record(customerKey, ['idType', 'id']) } },
  },
  ['clientId', 'clientSecret', 'mayRead'],
);

/** The shape of a data file as a JSON Schema (2020-12). */
export const ledgerSchema = record(
  { clients: { type: 'array', minItems: 1, items: client }, customers: { type: 'array', items: customer } },
  ['clients', 'customers'],
);
