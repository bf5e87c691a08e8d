import { Client, fetchExchange } from '@urql/core';
import { authExchange } from '@urql/exchange-auth';
import { cacheExchange, type Data } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import type { Tokens } from './tokens';

/** A urql client that renews a refused token once per operation, and appends the pages of a list of invoices. */
export function createUrqlClient(url: string, tokens: Tokens): Client {
  const cache = cacheExchange({
    keys: {
      // Without what identifies it, an object is cached where it was read.
      Customer: toCustomerKey,
      Contract: ({ customer, number }) => {
        const customerKey = customer ? toCustomerKey(customer as Data) : null;
        return customerKey === null || number === undefined ? null : `${customerKey}:${number as string}`;
      },
      Invoice: () => null,
      Address: () => null,
      PageInfo: () => null,
      InvoiceConnection: () => null,
      InvoiceEdge: () => null,
      InvoiceSummary: () => null,
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

function toCustomerKey({ idType, id }: Data): string | null {
  return idType === undefined || id === undefined ? null : `${idType as string}:${id as string}`;
}
