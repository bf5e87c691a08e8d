import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gql } from '@urql/core';
import { startGateway, type Json } from '../../support/gateway';
import { good, withScript } from '../../support/scripted-gateway';
import { Tokens } from './tokens';
import { createUrqlClient } from './urql-client';

const CONTRACT = { idType: 'RUC', id: '80012345', number: '700100' };
const PAGE = gql<Page>`
  query Page($idType: String!, $id: ID!, $number: ID!, $first: Int!, $after: String) {
    customer(idType: $idType, id: $id) {
      idType
      id
      contract(number: $number) {
        number
        customer {
          idType
          id
        }
        dueDate
        invoices(first: $first, after: $after) {
          nodes {
            number
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
`;
const DUE_DATE = gql<{ readonly customer: { readonly contract: { readonly dueDate: string } | null } }>`
  query DueDate($idType: String!, $id: ID!, $number: ID!) {
    customer(idType: $idType, id: $id) {
      idType
      id
      contract(number: $number) {
        number
        customer {
          idType
          id
        }
        dueDate
      }
    }
  }
`;
interface Page {
  readonly customer: {
    readonly contract: {
      readonly invoices: {
        readonly nodes: readonly { readonly number: string }[];
        readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
      };
    };
  };
}

describe('urql, set up as in docs/urql.md', () => {
  it('joins the pages of a contract, each read once, and finds its fields again under its composite key', async () => {
    const gateway = await startGateway();
    const client = createUrqlClient(
      `${gateway.url}/graphql`,
      new Tokens(gateway.app.billingApi!.issueToken(), () => Promise.reject(new Error('no new token'))),
    );
    try {
      const first = await client.query(PAGE, { ...CONTRACT, first: 20 }).toPromise();
      const { endCursor } = first.data!.customer.contract.invoices.pageInfo;
      const { data } = await client.query(PAGE, { ...CONTRACT, first: 20, after: endCursor }).toPromise();
      const numbers = data!.customer.contract.invoices.nodes.map(({ number }) => number);
      expect([numbers.length, new Set(numbers).size, data!.customer.contract.invoices.pageInfo.hasNextPage]).toEqual([36, 36, false]);
      const before = gateway.upstreamCalls();
      const again = await client.query(DUE_DATE, CONTRACT).toPromise();
      expect([again.data?.customer.contract?.dueDate, gateway.upstreamCalls() - before]).toEqual(['2025-07-15', 0]);
    } finally {
      await gateway.close();
    }
  });

  it('knows how objects of each type are cached', async () => {
    const gateway = await startGateway();
    const token = gateway.app.billingApi!.issueToken();
    const client = createUrqlClient(`${gateway.url}/graphql`, new Tokens(token, () => Promise.reject(new Error('no new token'))));
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined);
    try {
      const { data } = await client
        .query(
          `{ customer(idType: "RUC", id: "80012345") { __typename contract(number: "700100") { __typename
            billingAddresses { __typename city } invoiceSummary { __typename count }
            invoices(first: 1) { __typename edges { __typename node { __typename number } } pageInfo { __typename hasNextPage } } } } }`,
          {},
        )
        .toPromise();
      const types = new Set(Array.from(JSON.stringify(data).matchAll(/"__typename":"(\w+)"/g), ([, name]) => name));
      const sdl = await readFile(join(__dirname, '../../../schema/schema.graphql'), 'utf8');
      const all = Array.from(sdl.matchAll(/^type (\w+)/gm), ([, name]) => name).filter((name) => name !== 'Query');
      expect([...types].sort()).toEqual(all.sort());
      expect(warn.mock.calls).toEqual([]);
    } finally {
      warn.mockRestore();
      await gateway.close();
    }
  });

  it('keeps the list of each filter apart', async () => {
    const gateway = await startGateway();
    const token = gateway.app.billingApi!.issueToken();
    const client = createUrqlClient(`${gateway.url}/graphql`, new Tokens(token, () => Promise.reject(new Error('no new token'))));
    const query = gql`
      query Lists($filter: InvoiceFilter, $after: String) {
        customer(idType: "RUC", id: "80012345") {
          idType
          id
          contract(number: "700100") {
            number
            customer {
              idType
              id
            }
            invoices(first: 7, after: $after, filter: $filter) {
              nodes {
                number
                status
              }
              pageInfo {
                hasNextPage
                endCursor
              }
            }
          }
        }
      }
    `;
    try {
      for (const status of [true, false]) {
        let [rows, after, isMore]: [Json[], unknown, boolean] = [[], null, true];
        while (isMore) {
          const { data } = await client.query(query, { filter: { status }, after }).toPromise();
          const { nodes, pageInfo } = data.customer.contract.invoices;
          [rows, after, isMore] = [nodes, pageInfo.endCursor, pageInfo.hasNextPage];
        }
        expect(new Set(rows.map((row): unknown => row.status))).toEqual(new Set([status]));
        const { data } = await gateway.query(
          '{ customer(idType: "RUC", id: "80012345") { contract(number: "700100") { invoices(first: 36) { nodes { number status } } } } }',
        );
        const expected = (data.customer.contract.invoices.nodes as Json[]).filter((node) => node.status === status);
        expect(rows.map(({ number }): unknown => number)).toEqual(expected.map(({ number }): unknown => number));
      }
    } finally {
      await gateway.close();
    }
  });

  it.each([
    ['that the billing API refuses (HTTP 200)', 'Bearer old', 'old'],
    ['that is missing (HTTP 401)', undefined, ''],
  ])('renews a token %s, and asks again', async (_what, refused, token) => {
    await withScript(
      (request) => (request.headers.authorization === 'Bearer new' ? good(request) : { status: 401 }),
      async ({ gateway, upstream }) => {
        let renewals = 0;
        const client = createUrqlClient(`${gateway.url}/graphql`, new Tokens(token, () => Promise.resolve(((renewals += 1), 'new'))));
        const { data, error } = await client.query(DUE_DATE, CONTRACT).toPromise();
        expect([data?.customer.contract?.dueDate, error, renewals]).toEqual(['2025-07-15', undefined, 1]);
        expect(upstream.requests.map(({ headers }) => headers.authorization)).toEqual([
          ...(refused === undefined ? [] : [refused]),
          'Bearer new',
        ]);
      },
    );
  });

  it('gives up where the new token is refused as well, with the code', async () => {
    await withScript(
      () => ({ status: 401 }),
      async ({ gateway, upstream }) => {
        const client = createUrqlClient(`${gateway.url}/graphql`, new Tokens('old', () => Promise.resolve('new')));
        const { error } = await client.query(DUE_DATE, CONTRACT).toPromise();
        expect(error?.graphQLErrors.map(({ extensions }) => extensions['code'])).toEqual(['UNAUTHENTICATED']);
        expect(upstream.requests).toHaveLength(2);
      },
    );
  });
});
