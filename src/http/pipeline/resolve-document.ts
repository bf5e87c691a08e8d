import type { DocumentStores } from '../../graphql/limits/document-stores';
import type { TrustedDocuments } from '../../graphql/limits/trusted-documents';
import { badRequest, type GraphqlRequest } from '../request/graphql-request';
import { GraphQLError } from 'graphql';

/** Where documents are found that a request only names. */
export interface DocumentSources {
  readonly stores: DocumentStores;
  /** Null: any document may run. */
  readonly trustedDocuments: TrustedDocuments | null;
}

/**
 * Puts the text of the document that a request names in its place: a trusted document by its id, a persisted query by
 * its hash. What is left without a text, or still has a persisted query to be registered, is Apollo Server's to answer.
 * Whether a text may run is decided where every text comes by: see document-gate.ts.
 * @throws GraphQLError if no trusted document has this id.
 */
export function resolveDocument(request: GraphqlRequest, { stores, trustedDocuments }: DocumentSources): GraphqlRequest {
  const { query, extensions } = request;
  const persisted = extensions?.['persistedQuery'];
  if (trustedDocuments) return resolveTrusted(request, trustedDocuments, toHash(persisted));
  if (!persisted) {
    if (query !== undefined || !request.documentId) return request;
    throw badRequest(
      'This gateway keeps no documents that `documentId` could name: its operator adds them (TRUSTED_DOCUMENTS). Send the text, as `query`.',
    );
  }
  const { version, sha256Hash } = persisted as { readonly version?: unknown; readonly sha256Hash?: unknown };
  const text = version === 1 && typeof sha256Hash === 'string' ? stores.persistedQueries.textOf(sha256Hash) : undefined;
  // Some clients send the text with each request, beside its hash: there is nothing left to be registered then.
  return text === undefined || (query !== undefined && query !== text) ? request : { ...request, query: text, extensions: undefined };
}

function resolveTrusted(request: GraphqlRequest, trusted: TrustedDocuments, hash: unknown): GraphqlRequest {
  // The text takes the place of whatever else names a document: an id may be any text, and is not to be checked as a hash again.
  const run = (query: string | undefined): GraphqlRequest => ({ ...request, query, documentId: undefined, extensions: undefined });
  if (request.query !== undefined) return run(request.query);
  const id = request.documentId ?? hash;
  if (id === undefined) return run(undefined);
  const text = typeof id === 'string' ? trusted.textOf(id) : undefined;
  if (text !== undefined) return run(text);
  throw new GraphQLError(
    'This gateway runs trusted documents only, and there is none of this id. It must be added by the operator (TRUSTED_DOCUMENTS).',
    { extensions: { code: 'PERSISTED_QUERY_NOT_FOUND', http: { status: 400, headers: new Map() } } },
  );
}

function toHash(persisted: unknown): unknown {
  return typeof persisted === 'object' && persisted !== null ? (persisted as { readonly sha256Hash?: unknown }).sha256Hash : undefined;
}
