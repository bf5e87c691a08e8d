import { GraphQLError } from 'graphql';

/** A client's mistake that Apollo Server and graphql-js report without a code. */
interface ClientMistake {
  readonly code: 'BAD_REQUEST' | 'BAD_USER_INPUT';
  readonly message: string;
}

/** Apollo Server's messages that say too little, and what they mean. */
const REQUEST_MESSAGES: Readonly<Record<string, string>> = {
  'provided sha does not match query':
    'The hash of the persisted query does not match the query: `extensions.persistedQuery.sha256Hash` ' +
    'must be the SHA-256 of `query`, in hexadecimal digits.',
  'Unsupported persisted query version':
    'The version of the persisted query is not supported: `extensions.persistedQuery.version` must be 1.',
};

/** What is wrong with a request, where an error without a code says so; null for all other errors. */
export function toClientMistake(error: unknown): ClientMistake | null {
  if (!(error instanceof GraphQLError) || error.originalError || error.extensions['code'] !== undefined) return null;
  const { message } = error;
  const requestMessage = Object.hasOwn(REQUEST_MESSAGES, message) ? REQUEST_MESSAGES[message] : undefined;
  if (requestMessage !== undefined) return { code: 'BAD_REQUEST', message: requestMessage };
  // graphql-js finds some bad arguments only while it executes: a variable that is null where the argument may not be.
  if (message.startsWith('Argument "')) return { code: 'BAD_USER_INPUT', message };
  if (message.startsWith('Too many errors processing variables'))
    return { code: 'BAD_USER_INPUT', message: 'The variables have more errors than these: no further ones were looked for.' };
  // Whatever else Apollo Server answers with a status of the client's.
  const { http } = error.extensions as { readonly http?: { readonly status?: number } };
  return http?.status !== undefined && http.status >= 400 && http.status < 500 ? { code: 'BAD_REQUEST', message } : null;
}
