import type { Answer, BillingClient } from './billing-client';
import { Bills } from './bills';
import type { BillsQuery, BillsQueryVariables } from './gql/graphql';

type Contract = NonNullable<BillsQuery['customer']['contract']>;
type Invoice = NonNullable<Contract['invoices']>['nodes'][number];

/**
 * All invoices of a contract, page by page as they are consumed. Throws the first error that it meets; none for a
 * contract that is not known.
 */
export async function* allInvoices(client: BillingClient, contract: Omit<BillsQueryVariables, 'after'>): AsyncGenerator<Invoice> {
  let after: string | null = null;
  do {
    const answer: Answer<BillsQuery> = await client.query(Bills, { ...contract, after });
    const [error] = answer.errors;
    if (error) throw new Error(`${error.extensions.code}: ${error.message}`);
    const page = answer.data?.customer.contract?.invoices;
    yield* page?.nodes ?? [];
    after = page?.pageInfo.hasNextPage === true ? page.pageInfo.endCursor : null;
  } while (after !== null);
}
