import { CombinedGraphQLErrors } from '@apollo/client';
import { useQuery } from '@apollo/client/react';
import { graphql } from './gql';

const ContractInvoices = graphql(`
  query ContractInvoices($idType: String!, $id: ID!, $contract: ID!, $first: Int!, $after: String) {
    customer(idType: $idType, id: $id) {
      idType
      id
      contract(number: $contract) {
        number
        customer {
          idType
          id
        }
        dueDate
        invoices(first: $first, after: $after) {
          nodes {
            number
            billPeriod
            amount
          }
          pageInfo {
            hasNextPage
            endCursor
          }
        }
      }
    }
  }
`);

interface Props {
  readonly idType: string;
  readonly id: string;
  readonly contract: string;
}

/** A contract's invoices, ten at a time. */
export function Invoices(contract: Props) {
  const { data, error, loading, fetchMore } = useQuery(ContractInvoices, {
    variables: { ...contract, first: 10 },
    errorPolicy: 'all',
    notifyOnNetworkStatusChange: true,
  });
  if (!data && loading) return <p role="status">Loading…</p>;
  if (error) return <p role="alert">{describe(error)}</p>;
  // Null without an error: the billing API knows no such contract.
  const found = data?.customer.contract;
  if (!found) return <p>This customer has no contract {contract.contract}.</p>;
  const { nodes = [], pageInfo } = found.invoices ?? {};
  return (
    <section aria-busy={loading}>
      <h1>Contract {found.number}</h1>
      <p>Due {found.dueDate ?? 'at no date'}</p>
      <table>
        <caption>{nodes.length} invoices</caption>
        <thead>
          <tr>
            <th scope="col">Number</th>
            <th scope="col">Period</th>
            <th scope="col">Amount</th>
          </tr>
        </thead>
        <tbody>
          {nodes.map(({ number, billPeriod, amount }) => (
            <tr key={number}>
              <td>{number}</td>
              <td>{billPeriod}</td>
              <td>{amount == null ? '' : BigInt(amount).toLocaleString()}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {pageInfo?.hasNextPage && (
        <button type="button" disabled={loading} onClick={() => void fetchMore({ variables: { after: pageInfo.endCursor } })}>
          Load more
        </button>
      )}
    </section>
  );
}

/** Says what happened by the code. `reaction.ts` in test/e2e/client has a branch for each. */
function describe(error: Error): string {
  const code = CombinedGraphQLErrors.is(error) ? error.errors[0]?.extensions?.['code'] : undefined;
  return code === 'UNAUTHENTICATED' ? 'Please sign in again.' : `The invoices could not be loaded (${String(code ?? error.message)}).`;
}
