import type { ApolloServer } from '@apollo/server';
import type { PreparedOperations } from '../../graphql/execution/compiled-operations';
import { ApolloCall, type FoundOperation } from '../../graphql/server/apollo-call';
import type { GatewayContext } from '../../graphql/context/context';
import type { DocumentStores } from '../../graphql/limits/document-stores';
import type { RequestedOperation } from '../../graphql/analysis/requested-operation';
import type { Exchange } from '../request/exchange';
import type { GraphqlRequest } from '../request/graphql-request';
import { HTML_TYPE } from '../request/media-types';
import { complete, completeExecuted, type Completed, type CompleteOptions } from '../response/completed';
import { mayCompile, type CompileOptions } from './may-compile';

/** What Apollo Server is asked with. */
export interface ApolloOptions extends CompleteOptions, CompileOptions {
  readonly apollo: ApolloServer<GatewayContext>;
  /** Where an operation becomes known, and its document is kept. */
  readonly operations: PreparedOperations;
  readonly stores: DocumentStores;
  /** Headers of the explorer's page. */
  readonly pageHeaders: readonly string[];
}

/** Has Apollo Server parse, validate and execute an operation that is not known yet, over a context of ours. */
export async function executeNew(
  exchange: Exchange,
  request: GraphqlRequest,
  context: GatewayContext,
  options: ApolloOptions,
): Promise<Completed> {
  return (await findNew(exchange, request, context, options)).completed;
}

/** The same, with the operation that was found; null where the request was refused before. */
export async function findNew(
  exchange: Exchange,
  request: GraphqlRequest,
  context: GatewayContext,
  options: ApolloOptions,
): Promise<{ readonly completed: Completed; readonly requested: RequestedOperation | null }> {
  const { query, operationName, variables, extensions } = request;
  const call = new ApolloCall(exchange.request, undefined);
  const { http, body } = await options.apollo.executeOperation(
    // Apollo Server tells members that are absent from members that are undefined.
    {
      ...(query !== undefined && { query }),
      ...(operationName !== undefined && { operationName }),
      ...(extensions && { extensions }),
      variables,
      http: call,
    },
    { contextValue: context },
  );
  // Without `@defer` and `@stream` in the schema there are no other results.
  if (body.kind !== 'single') throw new Error('an incremental result');
  const { found } = call;
  const requested = found && found.requested;
  if (found && body.singleResult.data !== undefined && mayCompile(exchange, context, options)) keep(found, request, options);
  const head = { status: http.status ?? 200, headers: toHeaders(http.headers) };
  const subject = { exchange, path: 'reference', operation: requested?.operation ?? null, context } as const;
  return { completed: await completeExecuted(subject, body.singleResult, head, { requested, options }), requested };
}

/** Keeps what an accepted token has executed. */
function keep({ source, hash, requested }: FoundOperation, { operationName, extensions }: GraphqlRequest, options: ApolloOptions): void {
  const { operations, stores } = options;
  operations.learn(source, operationName, requested);
  stores.documents.keep(hash, requested.document);
  // Registered by this request, or before.
  if (extensions?.['persistedQuery']) stores.persistedQueries.keep(hash, source);
}

/**
 * Has Apollo Server answer a request that is none for an operation: it says what is wrong with it, or it is a browser's
 * that shall see the page.
 * @param body as far as it could be read.
 * @param context without a caller: whatever this should run after all, it reads nothing.
 */
export async function askApollo(exchange: Exchange, body: unknown, context: GatewayContext, options: ApolloOptions): Promise<Completed> {
  const { apollo, pageHeaders } = options;
  const response = await apollo.executeHTTPGraphQLRequest({
    httpGraphQLRequest: new ApolloCall(exchange.request, body),
    context: () => Promise.resolve(context),
  });
  const text = response.body.kind === 'complete' ? response.body.string : '';
  const mediaType = response.headers.get('content-type') ?? HTML_TYPE;
  const isPage = mediaType === HTML_TYPE;
  const written = { status: response.status ?? 200, headers: isPage ? pageHeaders : toHeaders(response.headers), body: Buffer.from(text) };
  const completed = complete(
    { exchange, path: 'reference', operation: null, context: null },
    { ...written, outcome: 'refused', codes: codesOf(text) },
  );
  return { ...completed, mediaType, outcome: isPage ? null : 'refused' };
}

/** What our own part of a response says is left out: Apollo Server does not know what a response may be cached for. */
const OURS: ReadonlySet<string> = new Set(['cache-control', 'content-type']);

function toHeaders(headers: Iterable<readonly [string, string]>): readonly string[] {
  return [...headers].flatMap(([name, value]) => (OURS.has(name) ? [] : [name, value]));
}

/** The codes in a response that is text already. Within a JSON text the pattern cannot stand: its quotes would be escaped. */
function codesOf(text: string): readonly string[] {
  return [...new Set(Array.from(text.matchAll(/"code":"([A-Z_]{1,40})"/g), (match) => match[1] as string))];
}
