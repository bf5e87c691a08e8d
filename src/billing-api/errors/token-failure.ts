import type { FastifyReply } from 'fastify';

/** The errors of RFC 6749 section 5.2 that this endpoint can give, and `server_error` from section 4.1.2.1 for the rest. */
export type TokenFailureCode = 'invalid_request' | 'invalid_client' | 'unsupported_grant_type' | 'invalid_scope' | 'server_error';

/** An answer of the token endpoint other than 200. */
export class TokenFailure extends Error {
  override readonly name = 'TokenFailure';

  constructor(
    readonly error: TokenFailureCode,
    description: string,
    readonly status = error === 'invalid_client' ? 401 : 400,
  ) {
    super(description);
  }
}

/** Answers as RFC 6749 section 5.2 says, and not with the contract's `errorBody`: OAuth clients read this form only. */
export function sendTokenFailure(reply: FastifyReply, failure: TokenFailure): FastifyReply {
  // The section demands the challenge where the client used Basic; RFC 9110 section 15.5.2 demands one with every 401.
  if (failure.status === 401) reply.header('www-authenticate', 'Basic realm="billing", charset="UTF-8"');
  if (failure.status === 405) reply.header('allow', 'POST');
  return reply.code(failure.status).send({ error: failure.error, error_description: failure.message });
}

/** Any thrown value as a failure of the token endpoint; what is not the request's fault says nothing of its cause. */
export function toTokenFailure(error: unknown): TokenFailure {
  if (error instanceof TokenFailure) return error;
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new TokenFailure('invalid_request', 'The request could not be read.', status);
  return new TokenFailure('server_error', 'The request could not be served.', 500);
}
