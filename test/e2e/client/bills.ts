import { graphql } from './gql';

/** A contract with its due date and a page of its invoices. */
export const Bills = graphql(`
  query Bills($idType: String!, $id: ID!, $contract: ID!, $first: Int!, $after: String) {
    customer(idType: $idType, id: $id) {
      contract(number: $contract) {
        dueDate
        invoices(first: $first, after: $after) {
          nodes { number billPeriod amount status }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
  }
`);
