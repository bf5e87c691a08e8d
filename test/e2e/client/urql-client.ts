import { Client, fetchExchange } from '@urql/core';
import { authExchange } from '@urql/exchange-auth';
import { cacheExchange, type Data } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import type { Tokens } from './tokens';

/** The same, with Graphcache. */
export function createUrqlClient(url: string, tokens: Tokens): Client {
  const cache = cacheExchange({
    keys: {
      Customer: toCustomerKey,
      // A contract whose customer was not asked for has its place below what led to it.
      Contract: ({ customer, number }) => (customer ? `${toCustomerKey(customer as Data)}:${number as string}` : null),
      Invoice: () => null,
      Address: () => null,
      PageInfo: () => null,
      InvoiceConnection: () => null,
      InvoiceEdge: () => null,
    },
    resolvers: { Customer: { invoices: relayPagination() }, Contract: { invoices: relayPagination() } },
  });
  const authorize = authExchange((utils) => {
    let token = tokens.current;
    return Promise.resolve({
      addAuthToOperation: (operation) => {
        token = tokens.current;
        return utils.appendHeaders(operation, { authorization: `Bearer ${token}` });
      },
      didAuthError: ({ graphQLErrors }) => graphQLErrors.some(({ extensions }) => extensions['code'] === 'UNAUTHENTICATED'),
      refreshAuth: () => tokens.renew(token),
    });
  });
  // With GET, urql's default, customers' ids would be in addresses, and so in logs.
  return new Client({ url, preferGetMethod: false, exchanges: [cache, authorize, fetchExchange] });
}

function toCustomerKey({ idType, id }: Data): string {
  return `${idType as string}:${id as string}`;
}
