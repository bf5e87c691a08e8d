import { randomUUID } from 'node:crypto';
import { HeaderMap } from '@apollo/server';
import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { BillingError, type BillingFailure } from '../../billing/model/billing-error';
import { withoutStacks } from '../../runtime/without-stacks';
import { toClientMistake } from './client-mistakes';
import type { FormatError } from './format-errors';
import { toParseMessage } from './parse-messages';
import { toShort } from './short-message';

/** The closed list of codes that a client can meet; the codes of Apollo Server itself come besides. */
export type GatewayErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'BAD_USER_INPUT'
  | 'RATE_LIMITED'
  | 'UPSTREAM_TIMEOUT'
  | 'UPSTREAM_UNAVAILABLE'
  | 'UPSTREAM_INVALID_RESPONSE'
  | 'UPSTREAM_BUDGET_EXCEEDED'
  | 'RESULT_LIMIT_EXCEEDED'
  | 'INTERNAL_SERVER_ERROR';

const CODES: Readonly<Record<BillingFailure, GatewayErrorCode>> = {
  unauthenticated: 'UNAUTHENTICATED',
  forbidden: 'FORBIDDEN',
  'invalid-input': 'BAD_USER_INPUT',
  'rate-limited': 'RATE_LIMITED',
  timeout: 'UPSTREAM_TIMEOUT',
  unavailable: 'UPSTREAM_UNAVAILABLE',
  'invalid-response': 'UPSTREAM_INVALID_RESPONSE',
  'budget-exceeded': 'UPSTREAM_BUDGET_EXCEEDED',
};

/** Codes of Apollo Server for requests that are not executed; their messages are about the client's own document. */
const APOLLO_CODES: ReadonlySet<unknown> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'BAD_REQUEST',
  'BAD_USER_INPUT',
  'OPERATION_RESOLUTION_FAILURE',
  // The gateway's own, made for the client as they are: see result-meter.ts and export-slots.ts.
  'RESULT_LIMIT_EXCEEDED',
  'OVERLOADED',
]);

/** Called with each internal error, and the id that the client was given. */
export type ReportInternalError = (errorId: string, error: unknown) => void;

/** The code that a failure of the domain has outside. */
export function toCode(failure: BillingFailure): GatewayErrorCode {
  return CODES[failure];
}

/**
 * What a client is shown of an error: a code of the closed list and a message that was written for it. Everything
 * else becomes a generic message with an id, under which `report` has the rest.
 */
export function createErrorFormatter(report: ReportInternalError): FormatError {
  return (unbounded, error) => {
    const formatted = { ...unbounded, message: toShort(unbounded.message) };
    const cause = unwrapResolverError(error);
    if (cause instanceof BillingError) return { ...formatted, message: cause.message, extensions: toExtensions(cause) };
    const code = formatted.extensions?.['code'];
    if (code === 'GRAPHQL_PARSE_FAILED')
      return { ...formatted, message: toParseMessage(formatted.message), extensions: withoutStacktrace(formatted.extensions) };
    const mistake = toClientMistake(cause);
    if (mistake) return { ...formatted, message: toShort(mistake.message), extensions: { code: mistake.code } };
    if (APOLLO_CODES.has(code) || isGatewayCode(code)) return { ...formatted, extensions: withoutStacktrace(formatted.extensions) };
    const errorId = randomUUID();
    // Outside of resolvers Apollo Server wraps what was thrown: the log has the original.
    report(errorId, (cause instanceof GraphQLError && cause.originalError) || cause);
    return {
      ...formatted,
      message: 'Something went wrong in the gateway. Report the errorId to its operator.',
      extensions: { code: 'INTERNAL_SERVER_ERROR', errorId },
    };
  };
}

function isGatewayCode(code: unknown): boolean {
  return code !== 'INTERNAL_SERVER_ERROR' && Object.values<unknown>(CODES).includes(code);
}

function toExtensions(error: BillingError): Record<string, unknown> {
  return { code: toCode(error.failure), ...error.details };
}

function withoutStacktrace(extensions: GraphQLFormattedError['extensions']): Record<string, unknown> {
  return Object.fromEntries(Object.entries(extensions ?? {}).filter(([name]) => name !== 'stacktrace'));
}

/** The answer to an operation whose token may make no more calls for the time being (RFC 6585, section 4). */
export function toRateLimitError({ message, failure, details }: BillingError): GraphQLError {
  const headers = new HeaderMap([['retry-after', String(details.retryAfterSeconds ?? 1)]]);
  return new GraphQLError(message, { extensions: { code: toCode(failure), ...details, http: { status: 429, headers } } });
}

/** The answer to an operation that has ended before it was begun: its time was over, or its client had gone. */
export function toEndedError({ message, failure }: BillingError): GraphQLError {
  const http = { status: failure === 'timeout' ? 504 : 503, headers: new HeaderMap() };
  return withoutStacks(() => new GraphQLError(message, { extensions: { code: toCode(failure), http } }));
}

/** When a client may try again whose operation found no turn, in seconds. */
const RETRY_AFTER_SECONDS = 1;

/** The answer to a large operation with an undecided token, where too many others wait. */
export function toOverloadedError(): GraphQLError {
  const http = { status: 503, headers: new HeaderMap([['retry-after', String(RETRY_AFTER_SECONDS)]]) };
  const message =
    'Too many large operations wait whose tokens the billing API has not accepted yet. Try again in a moment, or send a small operation ' +
    'with the token before.';
  return withoutStacks(
    () => new GraphQLError(message, { extensions: { code: 'OVERLOADED', retryAfterSeconds: RETRY_AFTER_SECONDS, http } }),
  );
}

/** The answer to an operation that needs data and carries no bearer token (RFC 6750, section 3: no error code without credentials). */
export function toMissingTokenError(error: BillingError): GraphQLError {
  return toUnauthenticated(error, 'Bearer');
}

/** The answer to an operation whose token the billing API has refused before the operation was begun. */
export function toRefusedTokenError(error: BillingError): GraphQLError {
  return toUnauthenticated(error, 'Bearer error="invalid_token"');
}

/**
 * The answer to a dry run that is too large for a token which the billing API has never accepted. No 401: clients would ask for a new
 * token.
 * @param what is too large, such as "a document of more than 1000 tokens".
 */
export function toUnprovenError(what: string): GraphQLError {
  const http = { status: 400, headers: new HeaderMap() };
  const message =
    `A dry run with ${what} needs a token that the billing API has accepted: it makes no call itself that would tell. Send any ` +
    'operation with the token before, or make the dry run smaller.';
  return withoutStacks(() => new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http } }));
}

/**
 * The error of a token that the billing API has never accepted, and that nothing tells of: the operation asks the billing API nothing, and
 * has more values than are looked at for anybody.
 */
export function toUnaskedError(maxValues: number): GraphQLError {
  const http = { status: 400, headers: new HeaderMap() };
  const message =
    `The operation has more than ${maxValues} values in its variables, and makes no call to the billing API that would tell whether its ` +
    'token is accepted; an argument may not be of its form. Send any other operation with the token before, or send fewer values.';
  return withoutStacks(() => new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http } }));
}

function toUnauthenticated({ message, failure }: BillingError, challenge: string): GraphQLError {
  const http = { status: 401, headers: new HeaderMap([['www-authenticate', challenge]]) };
  return withoutStacks(() => new GraphQLError(message, { extensions: { code: toCode(failure), http } }));
}
