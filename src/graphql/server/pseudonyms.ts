import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import type { Caller } from '../../billing/model/caller';
import type { Pseudonym } from './billing-trace';

/** 72 bits: no two contracts of an operation meet by chance, and the text is short enough for a table. */
const BYTES = 9;

/**
 * Makes pseudonyms for the customers and contracts in a caller's traces: an HMAC under a key of the process and the
 * caller's token. Identifiers are few enough to try them all, so a hash without a key would tell them; and with the token
 * in it, one caller cannot ask its own way to the names in another's trace.
 * @param secret null: a random one, so that names last as long as the process. Otherwise they are the same in all that have it.
 */
export function createPseudonyms(secret: string | null): (caller: Caller) => Pseudonym {
  // The label keeps the secret's other uses apart from this one.
  const key = createSecretKey(
    createHmac('sha256', secret ?? randomBytes(32))
      .update('pseudonyms in traces')
      .digest(),
  );
  return (caller) => (name) =>
    createHmac('sha256', key).update(`${caller.token}\n${name}`).digest().subarray(0, BYTES).toString('base64url');
}
