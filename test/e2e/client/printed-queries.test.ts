import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gql, type ApolloClient } from '@apollo/client';
import { gql as parse } from '@urql/core';
import { createApolloClient } from './apollo-client';
import { Bills } from './bills';
import { Tokens } from './tokens';
import { createUrqlClient } from './urql-client';
import { startGateway, type Gateway } from '../../support/gateway';

const CONTRACT = { idType: 'RUC', id: '80012345', contract: '700100', first: 20 };
const OTHER_CUSTOMER = { ...CONTRACT, id: '80099999' };
/** What a page of the documentation prints as a query, without its comments. */
const printed = (page: string): string =>
  /```graphql\n([^]*?)```/.exec(readFileSync(join(__dirname, '../../../docs', page), 'utf8'))?.[1] ?? '';

/** The queries that the documentation prints, and forms of them that clients write. */
const QUERIES: readonly (readonly [string, string])[] = [
  ['of docs/front-end.md', String(Bills)],
  ['of docs/front-end.md, with edges in the place of nodes', String(Bills).replace(/nodes \{([^}]*)\}/, 'edges { cursor node { $1 } }')],
  ['of docs/front-end.md, with what identifies a contract', String(Bills).replace('dueDate', 'number customer { idType id } dueDate')],
  ['of docs/apollo-client.md', printed('apollo-client.md')],
];

interface Page {
  readonly customer: {
    readonly contract: {
      readonly invoices: {
        readonly nodes?: readonly { readonly number: string }[];
        readonly edges?: readonly { readonly node: { readonly number: string } }[];
        readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
      };
    } | null;
  };
}

const invoicesOf = (data: unknown) => (data as Page).customer.contract!.invoices;
const numbersOf = (data: unknown): string[] => {
  const { nodes, edges } = invoicesOf(data);
  return (nodes ?? edges!.map(({ node }) => node)).map(({ number }) => number);
};

describe('A query that the documentation prints, with the client printed beside it', () => {
  let gateway: Gateway;
  const complaints: unknown[][] = [];
  beforeAll(async () => {
    gateway = await startGateway();
    for (const method of ['warn', 'error'] as const)
      jest.spyOn(console, method).mockImplementation((...args) => void complaints.push(args));
  });
  afterEach(() => expect(complaints.splice(0)).toEqual([]));
  afterAll(() => gateway.close());
  const tokens = (): Tokens => new Tokens(gateway.app.billingApi!.issueToken(), () => Promise.reject(new Error('no new token')));

  it.each(QUERIES)('pages twice in Apollo Client without losing a row: %s', async (_where, text) => {
    const client: ApolloClient = createApolloClient(`${gateway.url}/graphql`, tokens());
    const query = gql(text);
    const watched = client.watchQuery({ query, variables: { ...CONTRACT, first: 10 } });
    const seen: unknown[] = [];
    const subscription = watched.subscribe(({ data, dataState }) => {
      if (dataState === 'complete') seen.push(data);
    });
    let data = (await client.query({ query, variables: { ...CONTRACT, first: 10 } })).data;
    for (const rows of [20, 30, 36]) {
      await watched.fetchMore({ variables: { after: invoicesOf(data).pageInfo.endCursor } });
      data = client.readQuery({ query, variables: { ...CONTRACT, first: 10 } })!;
      expect([numbersOf(data).length, new Set(numbersOf(data)).size]).toEqual([rows, rows]);
    }
    expect(invoicesOf(data).pageInfo.hasNextPage).toBe(false);
    // A component that watches the query is told a moment later.
    while (numbersOf(seen.at(-1)).length < 36) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(numbersOf(seen.at(-1))).toEqual(numbersOf(data));
    // Another customer's contract of the same number is never shown in its place.
    const other = await client.query({ query, variables: OTHER_CUSTOMER });
    expect((other.data as Page).customer.contract).toBeNull();
    // The list starts again with its first page.
    await client.query({ query, variables: { ...CONTRACT, first: 10 }, fetchPolicy: 'network-only' });
    expect(numbersOf(client.readQuery({ query, variables: { ...CONTRACT, first: 10 } }))).toHaveLength(10);
    subscription.unsubscribe();
    client.stop();
  });

  it.each(QUERIES)('pages twice in urql without losing a row: %s', async (_where, text) => {
    const client = createUrqlClient(`${gateway.url}/graphql`, tokens());
    const query = parse(text);
    let data: unknown = (await client.query(query, { ...CONTRACT, first: 10 }).toPromise()).data;
    for (const rows of [20, 30, 36]) {
      const { data: next } = await client.query(query, { ...CONTRACT, first: 10, after: invoicesOf(data).pageInfo.endCursor }).toPromise();
      data = next;
      expect([numbersOf(data).length, new Set(numbersOf(data)).size]).toEqual([rows, rows]);
    }
    expect(invoicesOf(data).pageInfo.hasNextPage).toBe(false);
    const other = await client.query(query, OTHER_CUSTOMER).toPromise();
    expect((other.data as Page).customer.contract).toBeNull();
  });
});
