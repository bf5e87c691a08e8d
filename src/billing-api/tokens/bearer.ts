import { readScope, type AccessTokens } from './access-tokens';
import { ApiFailure } from '../errors/api-failure';
import type { Ledger } from '../data/ledger';

const realm = 'Bearer realm="billing"';

/** RFC 6750 section 2.1; the scheme's name is case-insensitive (RFC 9110 section 11.1). */
const bearer = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

/**
 * The client that an `Authorization` header speaks for.
 *
 * Rejects with a 401 `ApiFailure` and a challenge (RFC 6750 section 3) where the header is missing or malformed, or
 * where the token is expired, not signed by us, of a client that we do not know, or without the scope `read`. RFC 6750
 * section 3.1 would answer 400 and 403 to two of these; the contract lists neither for this and has 401 for all.
 */
export async function authenticate(header: string | undefined, tokens: AccessTokens, ledger: Ledger): Promise<string> {
  // RFC 6750 section 3.1: the response to a request without such credentials has no error code.
  if (header === undefined || !/^Bearer(?: |$)/i.test(header)) throw unauthorized('An access token is required.', realm);

  const token = bearer.exec(header)?.[1];
  if (token === undefined) throw invalidToken('The access token is malformed.');

  const verdict = await tokens.verify(token);
  if (!verdict.ok) throw invalidToken(verdict.reason);
  if (ledger.findClient(verdict.clientId) === undefined) throw invalidToken('The access token is not valid.');
  if (!verdict.scopes.includes(readScope)) {
    const message = `The access token lacks the scope ${readScope}.`;
    throw unauthorized(message, `${realm}, error="insufficient_scope", error_description="${message}", scope="${readScope}"`);
  }
  return verdict.clientId;
}

function invalidToken(message: string): ApiFailure {
  return unauthorized(message, `${realm}, error="invalid_token", error_description="${message}"`);
}

function unauthorized(message: string, challenge: string): ApiFailure {
  return new ApiFailure(401, 'UNAUTHORIZED', message, { 'www-authenticate': challenge });
}
