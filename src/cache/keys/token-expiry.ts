import { decodeJwt } from 'jose/jwt/decode';

/**
 * When a token ends, in milliseconds since the epoch, by its `exp` (RFC 7519, section 4.1.4). Infinity where it is no
 * JWT, or says nothing that can be read: the claim is not verified, and only ever makes an entry's life shorter.
 */
export function toExpiry(token: string): number {
  // An opaque token is not parsed: failing to would take as long as a few cache hits.
  if (!token.includes('.')) return Infinity;
  try {
    const { exp } = decodeJwt(token);
    return typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 : Infinity;
  } catch {
    return Infinity;
  }
}
