import {
  ApolloClient,
  ApolloLink,
  CombinedGraphQLErrors,
  HttpLink,
  InMemoryCache,
  type FieldPolicy,
  type StoreObject,
} from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { ErrorLink } from '@apollo/client/link/error';
import { from, switchMap } from 'rxjs';
import type { Tokens } from './tokens';

/** An Apollo Client that renews a refused token once per operation, and appends the pages of a list of invoices. */
export function createApolloClient(uri: string, tokens: Tokens): ApolloClient {
  const renewToken = new ErrorLink(({ error, operation, forward }) => {
    const { token, isRenewed } = operation.getContext() as { token: string; isRenewed?: boolean };
    if (isRenewed === true || !isTokenRefused(error)) return;
    operation.setContext({ isRenewed: true });
    return from(tokens.renew(token)).pipe(switchMap(() => forward(operation)));
  });
  const authorize = new SetContextLink(({ headers }) => {
    const token = tokens.current;
    return { token, headers: { ...headers, authorization: `Bearer ${token}` } };
  });
  return new ApolloClient({ link: ApolloLink.from([renewToken, authorize, new HttpLink({ uri })]), cache: createCache() });
}

/** Customers and contracts are normalized if a query selects what identifies them. Otherwise they are cached where they were read. */
function createCache(): InMemoryCache {
  return new InMemoryCache({
    typePolicies: {
      Customer: {
        keyFields: (customer) => ('idType' in customer && 'id' in customer ? ['idType', 'id'] : false),
        fields: { invoices: invoicePages },
        merge: true,
      },
      Contract: {
        keyFields: ({ number, customer }) =>
          number !== undefined && isIdentified(customer) ? ['customer', ['idType', 'id'], 'number'] : false,
        fields: { invoices: invoicePages, invoice: { merge: true } },
        merge: true,
      },
      Invoice: { keyFields: false },
      InvoiceSummary: { merge: true },
    },
  });
}

/** By then, Apollo Client may have replaced the customer by a reference to it. */
function isIdentified(customer: unknown): boolean {
  if (typeof customer !== 'object' || customer === null) return false;
  return '__ref' in customer || ('idType' in customer && 'id' in customer);
}

interface InvoicePage extends StoreObject {
  readonly edges?: readonly unknown[];
  readonly nodes?: readonly unknown[];
  readonly pageInfo?: StoreObject;
}

type InvoicePages = Readonly<Record<string, InvoicePage>>;

/**
 * Pages by the cursor that they start or end at, in list order, with separate lists for each filter and for backward pages. A page
 * without a cursor resets its list; a page that is read again replaces its earlier version.
 */
const invoicePages: FieldPolicy<InvoicePages, InvoicePage, InvoicePage | undefined> = {
  keyArgs: (args) => JSON.stringify({ filter: (args?.['filter'] as unknown) ?? null, fromEnd: isFromEnd(args) }),
  merge: (pages = {}, page, { args }) => {
    const cursor = ((isFromEnd(args) ? args?.['before'] : args?.['after']) as string | null | undefined) ?? '';
    if (cursor === '') return { [cursor]: page };
    const merged = { [cursor]: { ...pages[cursor], ...page } };
    return isFromEnd(args) && !(cursor in pages) ? { ...merged, ...pages } : { ...pages, ...merged };
  },
  read: (stored) => {
    const pages = Object.values(stored ?? {});
    const [first, last] = [pages[0], pages.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    return {
      ...last,
      ...(last.pageInfo && { pageInfo: { ...last.pageInfo, ...toStart(first.pageInfo) } }),
      ...(last.nodes && { nodes: pages.flatMap(({ nodes = [] }) => nodes) }),
      ...(last.edges && { edges: pages.flatMap(({ edges = [] }) => edges) }),
    };
  },
};

function isFromEnd(args: Readonly<Record<string, unknown>> | null): boolean {
  return typeof args?.['last'] === 'number';
}

/** The first page's information about the start of the list. */
function toStart({ hasPreviousPage, startCursor }: StoreObject = {}): StoreObject {
  return { ...(hasPreviousPage !== undefined && { hasPreviousPage }), ...(startCursor !== undefined && { startCursor }) };
}

function isTokenRefused(error: unknown): boolean {
  return CombinedGraphQLErrors.is(error) && error.errors.some(({ extensions }) => extensions?.['code'] === 'UNAUTHENTICATED');
}
