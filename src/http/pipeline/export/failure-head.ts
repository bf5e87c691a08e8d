import type { GraphQLFormattedError } from 'graphql';
import type { GatewayErrorCode } from '../../../graphql/context/errors';
import type { Head } from '../../response/completed';

/** An export has no data beside its errors: tools that write it to a file look at the status alone. */
const STATUS = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  BAD_USER_INPUT: 400,
  RATE_LIMITED: 429,
  UPSTREAM_TIMEOUT: 504,
  UPSTREAM_UNAVAILABLE: 503,
  UPSTREAM_INVALID_RESPONSE: 502,
  UPSTREAM_BUDGET_EXCEEDED: 400,
  RESULT_LIMIT_EXCEEDED: 400,
  INTERNAL_SERVER_ERROR: 500,
} as const satisfies Record<GatewayErrorCode, number>;

/** Status and headers of a response to an export that failed before its first row, by the first of its errors. */
export function toFailureHead([error]: readonly GraphQLFormattedError[]): Head {
  const { code, retryAfterSeconds } = error?.extensions ?? {};
  const status = typeof code === 'string' && code in STATUS ? STATUS[code as GatewayErrorCode] : 400;
  // RFC 6750, section 3.1: the token was there, and was refused.
  if (status === 401) return { status, headers: ['www-authenticate', 'Bearer error="invalid_token"'] };
  return { status, headers: typeof retryAfterSeconds === 'number' ? ['retry-after', String(retryAfterSeconds)] : [] };
}
