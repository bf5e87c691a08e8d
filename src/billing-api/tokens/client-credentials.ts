import { createHash, timingSafeEqual } from 'node:crypto';
import type { ClientRecord, Ledger } from '../data/ledger';
import { TokenFailure } from '../errors/token-failure';

interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/**
 * The client that a token request comes from: HTTP Basic or the form's `client_id` and `client_secret` (RFC 6749
 * section 2.3.1). Throws a `TokenFailure`: `invalid_request` for two methods at once, `invalid_client` otherwise.
 */
export function authenticateClient(header: string | undefined, form: ReadonlyMap<string, string>, ledger: Ledger): ClientRecord {
  const given = parseCredentials(header, form);
  const client = ledger.findClient(given.clientId);
  // Compared even where there is no such client, so that the time taken does not tell which ids exist.
  const isRight = isSameText(given.clientSecret, client?.clientSecret ?? '');
  if (client === undefined || !isRight) throw new TokenFailure('invalid_client', 'The client is unknown or its secret is wrong.');
  return client;
}

function parseCredentials(header: string | undefined, form: ReadonlyMap<string, string>): Credentials {
  const formId = form.get('client_id');
  const formSecret = form.get('client_secret');
  if (header !== undefined) {
    const basic = parseBasic(header);
    // RFC 6749 section 2.3: one method a request. The id alone proves nothing and may be repeated.
    if (formSecret !== undefined)
      throw new TokenFailure('invalid_request', 'Authenticate the client by HTTP Basic or in the form, not by both.');
    if (formId !== undefined && formId !== basic.clientId)
      throw new TokenFailure('invalid_request', 'client_id names another client than the Authorization header.');
    return basic;
  }
  if (formId === undefined || formSecret === undefined) throw new TokenFailure('invalid_client', 'Client authentication is required.');
  return { clientId: formId, clientSecret: formSecret };
}

function parseBasic(header: string): Credentials {
  const encoded = /^Basic +([A-Za-z0-9+/]+=*) *$/i.exec(header)?.[1];
  const pair = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon < 0) throw new TokenFailure('invalid_client', 'The Authorization header is not HTTP Basic.');
  return { clientId: formDecode(pair.slice(0, colon)), clientSecret: formDecode(pair.slice(colon + 1)) };
}

/** RFC 6749 section 2.3.1: both parts are form-encoded before they are put into the Basic header. */
function formDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new TokenFailure('invalid_client', 'The client id or secret is not form-encoded (RFC 6749 section 2.3.1).');
  }
}

/** Equality in a time that depends on neither text; hashed first because timingSafeEqual wants equal lengths. */
function isSameText(left: string, right: string): boolean {
  return timingSafeEqual(createHash('sha256').update(left).digest(), createHash('sha256').update(right).digest());
}
