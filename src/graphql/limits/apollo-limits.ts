import { HeaderMap, type ApolloServerOptionsWithSchema, type ApolloServerPlugin, type GraphQLRequestContext } from '@apollo/server';
import { getOperationAST, GraphQLError, parse, type DocumentNode } from 'graphql';
import { missingToken, type GatewayContext } from '../context/context';
import { toMissingTokenError, toUnprovenError } from '../context/errors';
import type { DocumentError, DocumentGate, DocumentVerdict } from './document-gate';
import type { DocumentLimits } from './document-limits';
import { PERSISTED_QUERY_TTL_SECONDS, type DocumentStores } from './document-stores';
import { MAX_ANONYMOUS_TOKENS, type TokenProof } from './token-proof';
import type { TrustedDocuments } from './trusted-documents';

/** Limits of the GraphQL server. */
export interface GraphqlLimits extends DocumentLimits {
  /** Tokens of one document. */
  readonly maxTokens: number;
  readonly stores: DocumentStores;
  /** Null: any document may run. */
  readonly trustedDocuments: TrustedDocuments | null;
}

/** Errors of variables after which no further ones are looked for, as graphql-js has it by default. */
export const MAX_COERCION_ERRORS = 50;

/** The limits as Apollo Server's options. */
export function toApolloLimits(limits: GraphqlLimits) {
  return {
    executionOptions: { maxCoercionErrors: MAX_COERCION_ERRORS },
    persistedQueries: { cache: limits.stores.persistedQueries, ttl: PERSISTED_QUERY_TTL_SECONDS },
  } satisfies Partial<ApolloServerOptionsWithSchema<GatewayContext>>;
}

const UNPROVEN_DOCUMENT = `a document of more than ${MAX_ANONYMOUS_TOKENS} tokens`;

/** Placeholder for a refused document, until the refusal is reported. */
const REFUSED = parse('{ __typename }');

/** Whether a document stands in the place of one that the gate has refused. */
export function isRefused(document: DocumentNode): boolean {
  return document === REFUSED;
}

/**
 * Lets the gate decide on each document in place of Apollo Server's parsing and validation. Apollo Server asks its
 * document store for each text before it parses one: what the gate decided is there, refused documents included, whose
 * errors are reported where Apollo Server takes errors of plugins.
 */
export function createGatePlugin(
  gate: DocumentGate,
  proof: Pick<TokenProof, 'refusal' | 'isUnprovable'>,
): {
  readonly plugin: ApolloServerPlugin<GatewayContext>;
  readonly documentStore: NonNullable<ApolloServerOptionsWithSchema<GatewayContext>['documentStore']>;
} {
  const decided = new Map<string, DocumentNode>();
  return {
    documentStore: {
      // The key is the hash behind a prefix of Apollo Server's.
      get: (key) => Promise.resolve(decided.get(key.slice(key.lastIndexOf(':') + 1))),
      set: () => Promise.resolve(),
      delete: () => Promise.resolve(true),
    },
    plugin: {
      requestDidStart: ({ request }) => {
        // The value may have any type, and Apollo Server assumes a string.
        const persistedQuery = request.extensions?.['persistedQuery'] as { version?: unknown; sha256Hash?: unknown } | null | undefined;
        if (persistedQuery && typeof persistedQuery.sha256Hash !== 'string')
          request.extensions = { ...request.extensions, persistedQuery: { version: persistedQuery.version, sha256Hash: '' } };
        let verdict: DocumentVerdict | undefined;
        return Promise.resolve({
          didResolveSource: async ({ source, queryHash, contextValue, schema, request }) => {
            const { billing, standing } = contextValue;
            const prove = async (document: DocumentNode): Promise<GraphQLError | null> => {
              const operation = getOperationAST(document, request.operationName) ?? null;
              const { variables } = request;
              return billing && proof.refusal({ schema, document, operation, variables }, contextValue);
            };
            const hasToken = billing !== null && !proof.isUnprovable(contextValue);
            verdict = await gate.decide(source, queryHash, { hasToken, prove: standing.isAccepted ? null : prove });
            // Another request for the same document may be at this point: who is refused is so with the document itself as well.
            if (verdict.kind === 'run') decided.set(queryHash, verdict.document);
            else if (!decided.has(queryHash)) decided.set(queryHash, REFUSED);
            // Apollo Server asks for it within this turn of the event loop.
            setImmediate(() => decided.delete(queryHash));
          },
          didResolveOperation: ({ contextValue: { billing } }) => {
            if (verdict?.kind === 'unauthenticated')
              return Promise.reject(billing ? toUnprovenError(UNPROVEN_DOCUMENT) : toMissingTokenError(missingToken()));
            if (verdict?.kind === 'unproven') return Promise.reject(verdict.error);
            if (verdict?.kind === 'refuse') return Promise.reject(toGraphqlError(verdict.errors[0] as DocumentError));
            return Promise.resolve();
          },
          didEncounterErrors: (context) => {
            if (verdict?.kind === 'refuse') addErrors(context, verdict.errors.slice(1));
            // The operation of the stand-in is nobody's.
            if (verdict && verdict.kind !== 'run') Object.assign(context, { operation: undefined, document: undefined });
            return Promise.resolve();
          },
        });
      },
    },
  };
}

/** A plugin can throw one error alone. The list is the one that Apollo Server goes on to format. */
function addErrors(
  { errors }: { readonly errors?: GraphQLRequestContext<GatewayContext>['errors'] },
  further: readonly DocumentError[],
): void {
  (errors as GraphQLError[]).push(...further.map(toGraphqlError));
}

function toGraphqlError({ code, message, locations }: DocumentError): GraphQLError {
  const error = new GraphQLError(message, { extensions: { code, http: { status: 400, headers: new HeaderMap() } } });
  // graphql-js has computed them from the document, which the error must not keep in memory.
  if (locations) Object.defineProperty(error, 'locations', { value: locations, enumerable: true });
  return error;
}
