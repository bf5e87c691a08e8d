import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** Keyed hashes that are remembered: callers, customers and contracts come again. About 150 bytes each. */
const MAX_HASHES = 20_000;
/** 96 bits: no two of a billion names meet by chance. */
const HASH_BYTES = 12;

/** What an audit trail is made with, out of one secret. */
export interface AuditKeys {
  /** For the seals of lines. */
  readonly seal: KeyObject;
  /** The keyed hash that stands for a name: an HMAC-SHA-256 of its kind and itself, in 16 characters. */
  hashOf(kind: 'caller' | 'customer' | 'contract', name: string): string;
}

/**
 * Derives the keys of an audit trail. Identifiers are few enough to try them all, so only a hash with a key hides them; who
 * has the secret can find the lines of a customer by hashing the customer's name.
 */
export function deriveAuditKeys(secret: string): AuditKeys {
  const derive = (purpose: string): KeyObject => createSecretKey(createHmac('sha256', secret).update(purpose).digest());
  const names = derive('names in the audit trail');
  // Of each kind its own: a text put together for each look-up would cost more than the look-up.
  const remembered = { caller: toMemory(), customer: toMemory(), contract: toMemory() };
  return {
    seal: derive('seals of the audit trail'),
    hashOf: (kind, name) => {
      let found = remembered[kind].get(name);
      if (found === undefined) {
        found = createHmac('sha256', names).update(`${kind}\n${name}`).digest().subarray(0, HASH_BYTES).toString('base64url');
        remembered[kind].set(name, found);
      }
      return found;
    },
  };
}

function toMemory(): LRUCache<string, string> {
  return new LRUCache({ max: MAX_HASHES });
}
