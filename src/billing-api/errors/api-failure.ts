import type { FastifyReply } from 'fastify';

/** What an `errorBody` of this API may say in `error.code`. */
export type ApiFailureCode =
  'BAD_REQUEST' | 'UNAUTHORIZED' | 'FORBIDDEN' | 'NOT_FOUND' | 'METHOD_NOT_ALLOWED' | 'TOO_MANY_REQUESTS' | 'INTERNAL_ERROR';

/** An answer other than 200. Thrown by the bills resource, written by `sendFailure`. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';

  constructor(
    readonly status: number,
    readonly code: ApiFailureCode,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** The contract's model `errorBody` as JSON text. The contract leaves `error` open; a code and a message is our choice. */
export function toErrorJson(code: ApiFailureCode, message: string): string {
  return JSON.stringify({ error: { code, message } });
}

/** Answers a failure with the contract's `errorBody`. */
export function sendFailure(reply: FastifyReply, failure: ApiFailure): FastifyReply {
  return reply
    .code(failure.status)
    .headers(failure.headers)
    .type('application/json; charset=utf-8')
    .send(toErrorJson(failure.code, failure.message));
}

/**
 * Any thrown value as a failure. What the HTTP layer refuses (a malformed address, a body too large) keeps its
 * status; everything else is ours and says nothing about its cause.
 */
export function toApiFailure(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error;
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new ApiFailure(status, 'BAD_REQUEST', 'The request could not be read.');
  return new ApiFailure(500, 'INTERNAL_ERROR', 'The request could not be served.');
}
