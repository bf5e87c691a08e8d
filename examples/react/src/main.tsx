import { ApolloProvider } from '@apollo/client/react';
import { createRoot } from 'react-dom/client';
import { createApolloClient } from '../../../test/e2e/client/apollo-client';
import { Tokens } from '../../../test/e2e/client/tokens';
import { Invoices } from './invoices';

/** The page's own server gives the token: a client secret has no place in a browser. */
async function fetchToken(): Promise<string> {
  const response = await fetch('/token', { method: 'POST' });
  return response.text();
}

async function main(): Promise<void> {
  const { dataset } = document.body;
  const client = createApolloClient(dataset['gateway'] ?? '', new Tokens(await fetchToken(), fetchToken));
  const contract = new URLSearchParams(location.search).get('contract') ?? '700100';
  createRoot(document.getElementById('app') as HTMLElement).render(
    <ApolloProvider client={client}>
      <Invoices idType="RUC" id="80012345" contract={contract} />
    </ApolloProvider>,
  );
}

void main();
