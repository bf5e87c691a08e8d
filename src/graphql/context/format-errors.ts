import type { HTTPGraphQLHead } from '@apollo/server';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';

/** Makes what a client is shown of an error; see `createErrorFormatter`. */
export type FormatError = (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;

/** Errors as a response lists them, and what they say about its HTTP head. */
export interface FormattedErrors {
  readonly errors: readonly GraphQLFormattedError[];
  /** Undefined where no error says one. */
  readonly status: number | undefined;
  /** Names in lower case, and values, in turn. */
  readonly headers: readonly string[];
}

/** Formats errors as Apollo Server formats those of its own pipeline: same members, same order, same HTTP head. */
export function formatErrors(errors: readonly unknown[], format: FormatError): FormattedErrors {
  let status: number | undefined;
  const headers: string[] = [];
  const formatted = errors.map((thrown) => {
    const error = toGraphqlError(thrown);
    const { http, ...extensions } = error.extensions as { readonly http?: Partial<HTTPGraphQLHead> };
    status = http?.status ?? status;
    for (const [name, value] of http?.headers ?? []) headers.push(name, value);
    const code: unknown = (extensions as { readonly code?: unknown }).code ?? 'INTERNAL_SERVER_ERROR';
    return format({ ...error.toJSON(), extensions: { ...extensions, code } }, error);
  });
  return { errors: formatted, status, headers };
}

function toGraphqlError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  const originalError = error instanceof Error ? error : new Error(String(error));
  return new GraphQLError(originalError.message, { originalError });
}
