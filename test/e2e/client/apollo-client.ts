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
        fields: { invoices: invoicePages },
        merge: true,
      },
      Invoice: { keyFields: false },
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

/** Pages by the cursor that they follow. The first page starts the list again; a page that is read twice replaces itself. */
const invoicePages: FieldPolicy<Readonly<Record<string, InvoicePage>>, InvoicePage, InvoicePage | undefined> = {
  keyArgs: false,
  merge: (pages, page, { args }) => {
    const after = (args?.['after'] as string | null | undefined) ?? '';
    return after === '' ? { [after]: page } : { ...pages, [after]: { ...pages?.[after], ...page } };
  },
  read: (stored) => {
    const pages = Object.values(stored ?? {});
    const last = pages.at(-1);
    if (last === undefined) return undefined;
    return {
      ...last,
      ...(last.nodes && { nodes: pages.flatMap(({ nodes = [] }) => nodes) }),
      ...(last.edges && { edges: pages.flatMap(({ edges = [] }) => edges) }),
    };
  },
};

function isTokenRefused(error: unknown): boolean {
  return CombinedGraphQLErrors.is(error) && error.errors.some(({ extensions }) => extensions?.['code'] === 'UNAUTHENTICATED');
}
