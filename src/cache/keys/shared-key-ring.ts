import { createHash, createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import type { Caller } from '../../billing/model/caller';
import type { CallerKeys, KeyRing } from './key-ring';
import { seal, unseal } from './seal';
import { toExpiry } from './token-expiry';

/** What all names begin with, before a colon: the format of names and entries. Another one is never read: it lies under other names. */
export const KEY_PREFIX = 'bills:2';

/** Settings of a key ring. */
export interface SharedKeyRingOptions {
  /** At least 32 characters, the same in every process that shares a store. */
  readonly secret: string;
  /** What the entries are about (which billing API, read in which way): another scope finds none of them. */
  readonly scope: string;
}

/**
 * Makes the key ring of a store outside of the process. Who sees the store learns neither customers nor callers from its
 * names, and cannot read or exchange its entries: both take the caller's token and the secret.
 * Keys are derived once for each caller object, and forgotten together with it.
 */
export function createSharedKeyRing({ secret, scope }: SharedKeyRingOptions): KeyRing {
  const known = new WeakMap<Caller, CallerKeys>();
  const about = createHash('sha256').update(scope).digest('hex');
  const derive = (caller: Caller): CallerKeys =>
    toKeys({
      // The HMAC-SHA256 of the token under the secret.
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

function toKeys({ naming, sealing, expiresAtMs }: { naming: KeyObject; sealing: KeyObject; expiresAtMs: number }): CallerKeys {
  return {
    expiresAtMs,
    // The braces keep all names of a contract on one node of a Redis cluster, so that they are read with one command.
    nameOf: (text) => `${KEY_PREFIX}:{${createHmac('sha256', naming).update(text).digest('base64url')}}`,
    seal: (name, ...parts) => seal(sealing, name, parts),
    open: (name, sealed) => unseal(sealing, name, sealed),
  };
}
