import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { ErrorLink } from '@apollo/client/link/error';
import { relayStylePagination } from '@apollo/client/utilities';
import { from, switchMap } from 'rxjs';
import type { Tokens } from './tokens';

/** A refused token is renewed once an operation, a contract is kept by its composite key, and pages are joined. */
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
  const cache = new InMemoryCache({
    typePolicies: {
      Customer: { keyFields: ['idType', 'id'], fields: { invoices: relayStylePagination() } },
      Contract: { keyFields: ['customer', ['idType', 'id'], 'number'], fields: { invoices: relayStylePagination() } },
      Invoice: { keyFields: false },
    },
  });
  return new ApolloClient({ link: ApolloLink.from([renewToken, authorize, new HttpLink({ uri })]), cache });
}

function isTokenRefused(error: unknown): boolean {
  return CombinedGraphQLErrors.is(error) && error.errors.some(({ extensions }) => extensions?.['code'] === 'UNAUTHENTICATED');
}
