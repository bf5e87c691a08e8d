import { gql, type TypedDocumentNode } from '@apollo/client';
import { good, withScript } from '../../support/scripted-gateway';
import { startGateway, type Json } from '../../support/gateway';
import { createApolloClient } from './apollo-client';
import { Tokens } from './tokens';

const CONTRACT = { idType: 'RUC', id: '80012345', number: '700100' };
const PAGE: TypedDocumentNode<Page> = gql`
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
          edges {
            cursor
            node {
              number
              amount
            }
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
const DUE_DATE = gql`
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
interface Row {
  readonly number: string;
  readonly status: boolean | null;
}
interface Page {
  readonly customer: {
    readonly contract: {
      readonly invoices: {
        readonly edges: readonly { readonly node: { readonly number: string } }[];
        readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
      };
    };
  };
}

describe('Apollo Client, set up as in docs/apollo-client.md', () => {
  it('joins the pages of a contract, each read once, and finds its fields again under its composite key', async () => {
    const gateway = await startGateway();
    const client = createApolloClient(
      `${gateway.url}/graphql`,
      new Tokens(gateway.app.billingApi!.issueToken(), () => Promise.reject(new Error('no new token'))),
    );
    try {
      const variables = { ...CONTRACT, first: 20 };
      const first = await client.query({ query: PAGE, variables });
      const pages = client.watchQuery({ query: PAGE, variables });
      const seen = pages.subscribe(() => undefined);
      await pages.fetchMore({ variables: { after: first.data!.customer.contract.invoices.pageInfo.endCursor } });
      seen.unsubscribe();
      const data = client.readQuery({ query: PAGE, variables })!;
      const numbers = data.customer.contract.invoices.edges.map(({ node }) => node.number);
      expect([numbers.length, new Set(numbers).size, data.customer.contract.invoices.pageInfo.hasNextPage]).toEqual([36, 36, false]);
      const before = gateway.upstreamCalls();
      const again = await client.query({ query: DUE_DATE, variables: CONTRACT });
      expect([again.data, gateway.upstreamCalls() - before]).toMatchObject([{ customer: { contract: { dueDate: '2025-07-15' } } }, 0]);
      expect(Object.keys(client.cache.extract() as object)).toContain(
        'Contract:{"customer":{"idType":"RUC","id":"80012345"},"number":"700100"}',
      );
    } finally {
      client.stop();
      await gateway.close();
    }
  });

  it.each([
    ['a sum', 'invoiceSummary { count }', 'invoiceSummary { amount withoutAmount }'],
    ['an invoice by its number', 'invoice(number: "001100009000000") { amount }', 'invoice(number: "001100009000000") { status }'],
  ])('keeps what two queries select of %s, and asks for neither again', async (_name, ...selections) => {
    const gateway = await startGateway();
    const client = createApolloClient(
      `${gateway.url}/graphql`,
      new Tokens(gateway.app.billingApi!.issueToken(), () => Promise.reject(new Error('no new token'))),
    );
    const queries = selections.map((selection) =>
      gql(`{ customer(idType: "RUC", id: "80012345") { idType id
        contract(number: "700100") { number customer { idType id } ${selection} } } }`),
    );
    try {
      for (const query of queries) await client.query({ query });
      const sent = gateway.logLines.length;
      for (const query of queries) await client.query({ query });
      expect(gateway.logLines.length - sent).toBe(0);
    } finally {
      client.stop();
      await gateway.close();
    }
  });

  it.each(['nodes { number status }', 'edges { cursor node { number status } }'])(
    'keeps the list of each filter apart, and the list from its end: %s',
    async (rows) => {
      const gateway = await startGateway();
      const client = createApolloClient(
        `${gateway.url}/graphql`,
        new Tokens(gateway.app.billingApi!.issueToken(), () => Promise.resolve('')),
      );
      const query: TypedDocumentNode<Json> = gql(
        `query Lists($filter: InvoiceFilter, $first: Int, $after: String, $last: Int, $before: String) {
          customer(idType: "RUC", id: "80012345") { idType id contract(number: "700100") { number customer { idType id }
            invoices(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
              ${rows} pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }`,
      );
      /** Reads pages until there are no more, and returns what a component shows then. */
      const readAll = async (variables: Record<string, unknown>): Promise<Json> => {
        const first = (await client.query({ query, variables })).data;
        const pages = client.watchQuery({ query, variables });
        const seen = pages.subscribe(() => undefined);
        try {
          for (let page = first; ;) {
            const { pageInfo } = page.customer.contract.invoices;
            if (variables['last'] ? !pageInfo.hasPreviousPage : !pageInfo.hasNextPage) return client.readQuery({ query, variables });
            const more = variables['last'] ? { before: pageInfo.startCursor } : { after: pageInfo.endCursor };
            page = (await pages.fetchMore({ variables: more })).data;
          }
        } finally {
          seen.unsubscribe();
        }
      };
      const shown = (data: Json): readonly Row[] => {
        const { nodes, edges } = data.customer.contract.invoices as { readonly nodes?: Row[]; readonly edges?: { readonly node: Row }[] };
        return nodes ?? edges?.map(({ node }) => node) ?? [];
      };
      try {
        const lists: (readonly Row[])[] = [];
        for (const variables of [
          { first: 7 },
          { last: 7 },
          { first: 7, filter: { status: true } },
          { first: 7, filter: { status: false } },
        ])
          lists.push(shown(await readAll(variables)));
        const [all, fromEnd, paid, open] = lists as [Row[], Row[], Row[], Row[]];
        expect([all.length, new Set(all.map(({ number }) => number)).size]).toEqual([36, 36]);
        expect(fromEnd).toEqual(all);
        expect(paid).toEqual(all.filter(({ status }) => status === true));
        expect(open).toEqual(all.filter(({ status }) => status === false));
        expect([paid.length > 0, open.length > 0]).toEqual([true, true]);
        const cached = client.readQuery({ query, variables: { last: 7 } });
        expect(cached?.customer.contract.invoices.pageInfo).toMatchObject({ hasPreviousPage: false, hasNextPage: false });
      } finally {
        client.stop();
        await gateway.close();
      }
    },
  );

  it.each([
    ['that the billing API refuses (HTTP 200)', 'Bearer old', 'old'],
    ['that is missing (HTTP 401)', undefined, ''],
  ])('renews a token %s, and asks again', async (_what, refused, token) => {
    await withScript(
      (request) => (request.headers.authorization === 'Bearer new' ? good(request) : { status: 401 }),
      async ({ gateway, upstream }) => {
        let renewals = 0;
        const client = createApolloClient(`${gateway.url}/graphql`, new Tokens(token, () => Promise.resolve(((renewals += 1), 'new'))));
        const { data } = await client.query({ query: DUE_DATE, variables: CONTRACT });
        client.stop();
        expect([data, renewals]).toMatchObject([{ customer: { contract: { dueDate: '2025-07-15' } } }, 1]);
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
        const client = createApolloClient(`${gateway.url}/graphql`, new Tokens('old', () => Promise.resolve('new')));
        await expect(client.query({ query: DUE_DATE, variables: CONTRACT })).rejects.toMatchObject({
          errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
        });
        client.stop();
        expect(upstream.requests).toHaveLength(2);
      },
    );
  });
});
