import { createHash, createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { decodeJwt } from 'jose/jwt/decode';
import type { Caller } from '../../billing/model/caller';

/** What is derived from a caller's token: it names and seals the caller's entries, and nobody else's. */
export interface CallerKeys {
  /** Names the entries. It is the HMAC-SHA256 of the token under the secret, and never leaves the process. */
  readonly naming: KeyObject;
  /** Seals the entries: an AES-256 key, derived from the token and the secret. */
  readonly sealing: KeyObject;
  /** When the token itself ends, in milliseconds since the epoch; Infinity where it does not say. */
  readonly expiresAtMs: number;
}

/** Gives every caller its keys. */
export interface KeyRing {
  of(caller: Caller): CallerKeys;
}

/** Settings of a key ring. */
export interface KeyRingOptions {
  /** At least 32 characters, the same in every process that shares a store. */
  readonly secret: string;
  /** What the entries are about (which billing API, read in which way): another scope finds none of them. */
  readonly scope: string;
}

/** Makes a key ring. Keys are derived once for each caller object, and forgotten together with it. */
export function createKeyRing({ secret, scope }: KeyRingOptions): KeyRing {
  const known = new WeakMap<Caller, CallerKeys>();
  const about = createHash('sha256').update(scope).digest('hex');
  const derive = (caller: Caller): CallerKeys => ({
    naming: createSecretKey(createHmac('sha256', secret).update(`names of ${about}\n`).update(caller.token).digest()),
    // RFC 5869: the token is the keying material, the secret the salt. Without both of them there is no key.
    sealing: createSecretKey(Buffer.from(hkdfSync('sha256', caller.token, secret, `seals of ${about}`, 32))),
    expiresAtMs: toExpiry(caller.token),
  });
  return {
    of(caller) {
      let keys = known.get(caller);
      if (!keys) known.set(caller, (keys = derive(caller)));
      return keys;
    },
  };
}

/**
 * When a token ends, in milliseconds since the epoch, by its `exp` (RFC 7519, section 4.1.4). Infinity where it is no
 * JWT, or says nothing that can be read: the claim is not verified, and only ever makes an entry's life shorter.
 */
export function toExpiry(token: string): number {
  try {
    const { exp } = decodeJwt(token);
    return typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 : Infinity;
  } catch {
    return Infinity;
  }
}
