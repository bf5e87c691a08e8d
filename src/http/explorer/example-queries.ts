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
  readonly contract: string;
  readonly numbers: readonly string[];
  readonly first: number;
}

/** The first is the one that a newcomer should run. */
export const EXAMPLE_QUERIES: readonly [ExampleQuery, ...ExampleQuery[]] = [
  {
    variables: ['idType', 'id', 'contract'],
    query: `# A contract with its addresses and its first invoices: one call to the billing API.
query ContractBills(
  $idType: String!
  $id: ID!
  $contract: ID!
) {
  customer(idType: $idType, id: $id) {
    contract(number: $contract) {
      number
      dueDate
      billingAddresses { street city }
      invoices(first: 3) {
        nodes { number billPeriod amount status }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
`,
  },
  {
    variables: ['idType', 'id', 'contract', 'first'],
    query: `# A page of invoices. For the next page, add "after" to the variables: the endCursor of the page before.
query InvoicePage(
  $idType: String!
  $id: ID!
  $contract: ID!
  $first: Int!
  $after: String
) {
  customer(idType: $idType, id: $id) {
    contract(number: $contract) {
      invoices(first: $first, after: $after) {
        edges {
          cursor
          node { number billPeriod amount }
        }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }
  }
}
`,
  },
  {
    variables: ['idType', 'id', 'contract'],
    query: `# Two pages of the same contract and its due date: still one call, since the pages touch.
query MergedPages(
  $idType: String!
  $id: ID!
  $contract: ID!
) {
  customer(idType: $idType, id: $id) {
    contract(number: $contract) {
      dueDate
      newest: invoices(first: 1) {
        nodes { number billPeriod amount }
      }
      recent: invoices(first: 6) {
        nodes { number amount }
      }
    }
  }
}
`,
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
        nodes { number billPeriod amount }
      }
    }
  }
}
`,
  },
];
