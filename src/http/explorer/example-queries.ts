/** A query that explorers open, each in a tab of its own. */
export interface ExampleQuery {
  readonly query: string;
  /** Of the example's variables, those that the query declares. */
  readonly variables: readonly (keyof ExampleVariables)[];
}

/** Values for the variables of the examples. */
export interface ExampleVariables {
  readonly idType: string;
  readonly id: string;
  readonly number: string;
  readonly numbers: readonly string[];
  readonly first: number;
}

const INVOICE_FIELDS = `
fragment InvoiceFields on Invoice {
  number
  billPeriod
  amount
  status
}
`;

/**
 * The first is the one that a newcomer should run. Each is an operation of `test/operations`, laid out for a narrow tab; a test
 * compares them.
 */
export const EXAMPLE_QUERIES: readonly [ExampleQuery, ...ExampleQuery[]] = [
  {
    variables: ['idType', 'id', 'number', 'first'],
    query: `# A contract with its addresses and its first invoices: one call to the billing API.
query ContractBills(
  $idType: String!
  $id: ID!
  $number: ID!
  $first: Int = 20
) {
  customer(idType: $idType, id: $id) {
    idType
    id
    contract(number: $number) {
      number
      dueDate
      billingAddresses { street neighborhood city state country zipCode }
      invoices(first: $first) {
        nodes { ...InvoiceFields }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
${INVOICE_FIELDS}`,
  },
  {
    variables: ['idType', 'id', 'number', 'first'],
    query: `# A page of invoices. For the next page, add "after" to the variables: the endCursor of the page before.
query ContractInvoicesPage(
  $idType: String!
  $id: ID!
  $number: ID!
  $first: Int!
  $after: String
) {
  customer(idType: $idType, id: $id) {
    contract(number: $number) {
      invoices(first: $first, after: $after) {
        edges {
          cursor
          node { ...InvoiceFields }
        }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }
  }
}
${INVOICE_FIELDS}`,
  },
  {
    variables: ['idType', 'id', 'number'],
    query: `# Two pages of the same contract and its due date: still one call, since the pages overlap.
query MergedPages(
  $idType: String!
  $id: ID!
  $number: ID!
) {
  customer(idType: $idType, id: $id) {
    contract(number: $number) {
      dueDate
      newest: invoices(first: 1) {
        nodes { ...InvoiceFields }
      }
      recent: invoices(first: 6) {
        nodes { ...InvoiceFields }
      }
    }
  }
}
${INVOICE_FIELDS}`,
  },
  {
    variables: ['idType', 'id', 'numbers'],
    query: `# Several contracts, each with its newest invoice: one call for each contract, side by side.
query ContractsOverview(
  $idType: String!
  $id: ID!
  $numbers: [ID!]!
) {
  customer(idType: $idType, id: $id) {
    contracts(numbers: $numbers) {
      number
      dueDate
      invoices(first: 1) {
        nodes { ...InvoiceFields }
      }
    }
  }
}
${INVOICE_FIELDS}`,
  },
];
