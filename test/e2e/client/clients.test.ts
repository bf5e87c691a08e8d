import { createHash } from 'node:crypto';
import { ApolloClient, ApolloLink, gql as apolloGql, HttpLink, InMemoryCache, type TypedDocumentNode } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { Client, fetchExchange, gql as urqlGql } from '@urql/core';
import { GraphQLClient } from 'graphql-request';
import { Environment, fetchQuery, RecordSource, Store, type ConcreteRequest, type OperationType } from 'relay-runtime';
import { createBillingApi, type BillingApi } from '../../../src/billing-api/billing-api';
import { composeSupergraph } from '../../../src/tools/schema/schema-compose';
import { startGateway, type Gateway } from '../../support/gateway';
import { ROUTERS, startRouter } from '../../support/supergraph';
import { createRelayNetwork } from './relay-network';

const QUERY = 'query Bills($n: ID!) { customer(idType: "RUC", id: "80012345") { contract(number: $n) { dueDate } } }';
const variables = { n: '700100' };

/** A client: asks once, and says which due date it got. */
interface Asking {
  readonly ask: () => Promise<unknown>;
  readonly close?: () => Promise<unknown>;
}

interface Data {
  readonly customer: { readonly contract: { readonly dueDate: string } | null };
}
const dueDateOf = (data: Data | null | undefined): unknown => data?.customer.contract?.dueDate;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function apolloClient(options: Omit<ApolloClient.Options, 'cache' | 'link'>, link: ApolloLink): Asking {
  const client = new ApolloClient({ ...options, cache: new InMemoryCache(), link });
  const query: TypedDocumentNode<Data> = apolloGql(QUERY);
  return {
    ask: async () => dueDateOf((await client.query({ query, variables, fetchPolicy: 'network-only' })).data),
    close: () => {
      client.stop();
      return Promise.resolve();
    },
  };
}

function urqlClient(url: string, headers: Record<string, string>, preferGetMethod?: boolean): Asking {
  const client = new Client({
    url,
    exchanges: [fetchExchange],
    fetchOptions: { headers },
    ...(preferGetMethod === undefined ? {} : { preferGetMethod }),
  });
  const query = urqlGql<Data>(QUERY);
  return { ask: async () => dueDateOf((await client.query(query, variables, { requestPolicy: 'network-only' }).toPromise()).data) };
}

async function apolloGateway(url: string, headers: Record<string, string>, apq: boolean): Promise<Asking> {
  const { supergraphSdl } = await composeSupergraph(undefined, { billing: url, crm: 'http://127.0.0.1:9' });
  const router = new ApolloServer({
    gateway: new ApolloGateway({
      supergraphSdl,
      buildService: (service) =>
        new RemoteGraphQLDataSource({
          url: service.url ?? url,
          apq,
          willSendRequest: ({ request }) => {
            for (const name in headers) request.http?.headers.set(name, headers[name] as string);
          },
        }),
    }),
    stopOnTerminationSignals: false,
  });
  await router.start();
  return {
    ask: async () => {
      const { body } = await router.executeOperation({ query: QUERY, variables });
      return body.kind === 'single' ? dueDateOf(body.singleResult.data as Data | null) : undefined;
    },
    close: () => router.stop(),
  };
}

function graphqlRequest(url: string, headers: Record<string, string>, method: 'GET' | 'POST'): Asking {
  const client = new GraphQLClient(url, { headers, method, jsonSerializer: JSON });
  return { ask: async () => dueDateOf(await client.request<Data>(QUERY, variables)) };
}

/** A field that relay-compiler has found in a document. */
const linked = (name: string, args: Record<string, string | null>, selections: readonly object[]): object => ({
  kind: 'LinkedField',
  alias: null,
  name,
  args: Object.entries(args).map(([argument, value]) =>
    value === null ? { kind: 'Variable', name: argument, variableName: 'n' } : { kind: 'Literal', name: argument, value },
  ),
  concreteType: name === 'customer' ? 'Customer' : 'Contract',
  plural: false,
  storageKey: null,
  selections,
});

/** What relay-compiler makes of the document. */
const RELAY_QUERY = ((): ConcreteRequest => {
  const dueDate = { kind: 'ScalarField', alias: null, name: 'dueDate', args: null, storageKey: null };
  const parts = {
    name: 'Bills',
    argumentDefinitions: [{ kind: 'LocalArgument', name: 'n', defaultValue: null }],
    selections: [linked('customer', { id: '80012345', idType: 'RUC' }, [linked('contract', { number: null }, [dueDate])])],
  };
  return {
    kind: 'Request',
    fragment: { kind: 'Fragment', type: 'Query', abstractKey: null, metadata: null, ...parts },
    operation: { kind: 'Operation', ...parts },
    params: { cacheID: 'bills', id: null, metadata: {}, name: 'Bills', operationKind: 'query', text: QUERY },
  } as unknown as ConcreteRequest;
})();

function relayClient(url: string, { authorization }: Record<string, string>): Asking {
  const network = createRelayNetwork(url, () => String(authorization).slice('Bearer '.length));
  const environment = new Environment({ network, store: new Store(new RecordSource()) });
  return {
    ask: async () => {
      const data = await fetchQuery<OperationType & { readonly response: Data }>(environment, RELAY_QUERY, variables).toPromise();
      return dueDateOf(data);
    },
  };
}

async function askRouter(url: string, headers: Record<string, string>): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query: QUERY, variables }),
  });
  return dueDateOf(((await response.json()) as { data?: Data }).data);
}

async function hiveGateway(url: string, headers: Record<string, string>): Promise<Asking> {
  const router = await startRouter(ROUTERS['Hive Gateway'], { billing: url, crm: 'http://127.0.0.1:9' });
  return { ask: () => askRouter(router.url, headers), close: () => router.close() };
}

type Start = (url: string, headers: Record<string, string>) => Asking | Promise<Asking>;

const CLIENTS: Readonly<Record<string, Start>> = {
  'Apollo Client': (uri, headers) => apolloClient({}, new HttpLink({ uri, headers })),
  'Apollo Client with client awareness': (uri, headers) =>
    apolloClient({ clientAwareness: { name: 'web', version: '1.2.3' } }, new HttpLink({ uri, headers })),
  'Apollo Client without a name in the extensions': (uri, headers) =>
    apolloClient({ enhancedClientAwareness: { transport: false } } as object, new HttpLink({ uri, headers })),
  'Apollo Client with persisted queries': (uri, headers) =>
    apolloClient({}, ApolloLink.from([new PersistedQueryLink({ sha256 }), new HttpLink({ uri, headers })])),
  'Apollo Client with persisted queries by GET': (uri, headers) =>
    apolloClient({}, ApolloLink.from([new PersistedQueryLink({ sha256, useGETForHashedQueries: true }), new HttpLink({ uri, headers })])),
  'Apollo Client with GET': (uri, headers) => apolloClient({}, new HttpLink({ uri, headers, useGETForQueries: true })),
  'urql with its defaults': (url, headers) => urqlClient(url, headers),
  'urql with POST': (url, headers) => urqlClient(url, headers, false),
  'graphql-request': (url, headers) => graphqlRequest(url, headers, 'POST'),
  'graphql-request with GET': (url, headers) => graphqlRequest(url, headers, 'GET'),
  Relay: relayClient,
  "Apollo's gateway": (url, headers) => apolloGateway(url, headers, false),
  "Apollo's gateway with persisted queries": (url, headers) => apolloGateway(url, headers, true),
  'Hive Gateway': hiveGateway,
};

describe('The second and the third request of', () => {
  let api: BillingApi;
  let gateway: Gateway;
  let headers: Record<string, string>;
  beforeEach(async () => {
    api = await createBillingApi();
    headers = { authorization: `Bearer ${api.issueToken()}` };
    gateway = await startGateway({ NODE_ENV: 'production', BILLING_API_URL: api.url, CACHE_TTL_SECONDS: '600', INTROSPECTION: 'true' });
  });
  afterEach(async () => {
    await gateway.close();
    await api.close();
  });

  it.each(Object.entries(CLIENTS))(
    '%s take the compiled path and the response cache',
    async (_name, start) => {
      process.env['APOLLO_TELEMETRY_DISABLED'] = '1';
      const client = await start(`${gateway.url}/graphql`, headers);
      try {
        expect(await client.ask()).toBe('2025-07-15');
        const before = gateway.logLines.length;
        expect(await client.ask()).toBe('2025-07-15');
        expect(await client.ask()).toBe('2025-07-15');
        const lines = gateway.logLines.slice(before).map((line) => JSON.parse(line) as Record<string, unknown>);
        expect(lines.filter(({ msg }) => msg === 'operation').map(({ outcome, path }) => [outcome, path])).toEqual([
          ['ok', 'compiled'],
          ['ok', 'response-cache'],
        ]);
      } finally {
        await client.close?.();
      }
    },
    60_000,
  );
});
