import { createHash } from 'node:crypto';

/** One operation, as a client has it before it is sent. */
export interface Operation {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
  readonly operationName?: string | null | undefined;
}

/** A request for an operation, ready to be sent. */
export interface FormedRequest {
  readonly method: 'POST' | 'GET' | 'QUERY';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A page that the tests' gateways let in. */
export const LISTED_ORIGIN = 'https://app.example';
const JSON_TYPE = { 'content-type': 'application/json' };
const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const post = (body: object, headers: Record<string, string> = {}, path = '/graphql'): FormedRequest => ({
  method: 'POST',
  path,
  headers: { ...JSON_TYPE, ...headers },
  body: JSON.stringify(body),
});

/** What a client that persists queries has sent once before. */
export const registration = (operation: Operation): FormedRequest => post({ ...operation, extensions: persisted(operation) });
const persisted = ({ query }: Operation): object => ({ persistedQuery: { version: 1, sha256Hash: hash(query) } });

function toUrl({ query, variables, operationName }: Operation): string {
  const search = new URLSearchParams({ query });
  if (variables) search.set('variables', JSON.stringify(variables));
  if (typeof operationName === 'string') search.set('operationName', operationName);
  return `/graphql?${search.toString()}`;
}

/** The same operation as different clients send it. */
export const FORMS: Readonly<Record<string, (operation: Operation) => FormedRequest>> = {
  'a plain POST': (operation) => post(operation),
  'Apollo Client 4, which names itself': (operation) =>
    post(
      { ...operation, extensions: { clientLibrary: { name: '@apollo/client', version: '4.3.8' } } },
      {
        accept: 'application/graphql-response+json,application/json;q=0.9',
        'apollographql-client-name': 'web',
        'apollographql-client-version': '1.2',
      },
    ),
  'a persisted query, by its hash': ({ variables, operationName, query }) =>
    post({ variables, operationName, extensions: persisted({ query }) }),
  'a persisted query, with its text': (operation) => registration(operation),
  'a GET': (operation) => ({ method: 'GET', path: toUrl(operation), headers: {}, body: '' }),
  'a GET of a persisted query': ({ query, ...operation }) => ({
    method: 'GET',
    path: `${toUrl({ ...operation, query: '' })
      .replace('query=&', '')
      .replace(/query=$/, '')}&extensions=${encodeURIComponent(JSON.stringify(persisted({ query })))}`,
    headers: {},
    body: '',
  }),
  'a QUERY': (operation) => ({ ...post(operation), method: 'QUERY' }),
  'a page of a listed origin': (operation) => post(operation, { origin: LISTED_ORIGIN }),
  'a page of another origin': (operation) => post(operation, { origin: 'https://elsewhere.example' }),
  'a caller with a deadline': (operation) => post(operation, { 'x-request-timeout-ms': '8000' }),
  'a caller that wants to know the cost': (operation) => post(operation, { 'x-billing-trace': '1' }),
  'a dry run': (operation) => post(operation, { 'x-billing-dry-run': '1' }),
  'a URL with a search': (operation) => post(operation, {}, '/graphql?client=web&v=2'),
  'a charset in quotes': (operation) => post(operation, { 'content-type': 'Application/JSON; charset="UTF-8"' }),
  'extensions that are null': (operation) => post({ ...operation, extensions: null }),
};
