import { createHmac } from 'node:crypto';
import { errors, jwtVerify } from 'jose';

const issuer = 'billing-api';

/** The contract's only scope. */
export const readScope = 'read';

export interface TokenRequest {
  /** Becomes the claim `sub`; it need not be a client that exists. */
  readonly clientId: string;
  /** From now; may be negative, for a token that has expired already. */
  readonly expiresInSeconds: number;
  /** Scopes separated by a space; an empty text gives a token without any. */
  readonly scope: string;
}

/** A token's content once its signature and dates have been checked, or why it is refused. */
export type TokenVerdict =
  { readonly ok: true; readonly clientId: string; readonly scopes: readonly string[] } | { readonly ok: false; readonly reason: string };

/** Issues and checks the API's access tokens: JWTs (RFC 7519) signed with HS256 (RFC 7518 section 3.2). */
export class AccessTokens {
  /** @param secret At least 32 bytes: RFC 7518 section 3.2 forbids a key shorter than the hash. */
  constructor(private readonly secret: Uint8Array) {
    if (secret.byteLength < 32) throw new RangeError('signingSecret must have at least 32 bytes (RFC 7518 section 3.2).');
  }

  /** A signed token. Signed here and not by jose, whose signing is asynchronous; the compact form is RFC 7515 section 7.1. */
  issue(request: TokenRequest): string {
    const iat = Math.floor(Date.now() / 1000);
    const claims = { iss: issuer, sub: request.clientId, scope: request.scope, iat, exp: iat + request.expiresInSeconds };
    const signed = [{ alg: 'HS256', typ: 'JWT' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    return `${signed}.${createHmac('sha256', this.secret).update(signed).digest('base64url')}`;
  }

  /** Checks a token; never rejects. */
  async verify(token: string): Promise<TokenVerdict> {
    try {
      // The list of algorithms is the defence against `alg: none` and against a key used with an algorithm that it
      // was not made for (RFC 8725 section 3.1). Without `exp` as a required claim, a token without it never ends.
      const { payload } = await jwtVerify(token, this.secret, {
        algorithms: ['HS256'],
        issuer,
        typ: 'JWT',
        requiredClaims: ['exp', 'iat', 'sub'],
      });
      const scope = payload['scope'];
      return { ok: true, clientId: payload.sub ?? '', scopes: typeof scope === 'string' ? scope.split(' ') : [] };
    } catch (error) {
      return { ok: false, reason: error instanceof errors.JWTExpired ? 'The access token has expired.' : 'The access token is not valid.' };
    }
  }
}
