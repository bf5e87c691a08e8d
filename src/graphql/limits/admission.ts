import type { TrustedDocuments } from './trusted-documents';

/** What a GraphQL request names its document by; the values are a client's, and of any type. */
export interface NamedDocument {
  readonly query?: unknown;
  /** The id of a persisted document (GraphQL over HTTP, Persisted Documents). */
  readonly documentId?: unknown;
  readonly extensions?: unknown;
}

/** `pass`: nothing is changed; `run`: this text is to be run, whatever else the request says; `refuse`: it is not to be run. */
export type Admission =
  | { readonly kind: 'pass' }
  | { readonly kind: 'run'; readonly text: string }
  | { readonly kind: 'refuse'; readonly code: 'BAD_REQUEST' | 'PERSISTED_QUERY_NOT_FOUND'; readonly message: string };

const PASS: Admission = { kind: 'pass' };

/**
 * Decides whether a request may run, where only trusted documents do. Introspection and `_service` are no exception:
 * they run where the manifest holds them. A request that names no document passes, for the answer that it gets anyway.
 */
export function admit(request: NamedDocument, trusted: TrustedDocuments): Admission {
  const { query } = request;
  if (typeof query === 'string' && query !== '') {
    if (trusted.hasText(query)) return { kind: 'run', text: query };
    return {
      kind: 'refuse',
      code: 'BAD_REQUEST',
      message:
        'This gateway runs trusted documents only, and this text is not one of them. Send a document of its manifest, by its id or byte for byte; a new one must be added by the operator (TRUSTED_DOCUMENTS).',
    };
  }
  const id = request.documentId ?? toPersistedHash(request.extensions);
  if (id === undefined) return PASS;
  const text = typeof id === 'string' ? trusted.textOf(id) : undefined;
  if (text !== undefined) return { kind: 'run', text };
  return {
    kind: 'refuse',
    code: 'PERSISTED_QUERY_NOT_FOUND',
    message:
      'This gateway runs trusted documents only, and there is none of this id. It must be added by the operator (TRUSTED_DOCUMENTS).',
  };
}

function toPersistedHash(extensions: unknown): unknown {
  const persistedQuery = isObject(extensions) ? extensions['persistedQuery'] : undefined;
  return isObject(persistedQuery) ? persistedQuery['sha256Hash'] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
