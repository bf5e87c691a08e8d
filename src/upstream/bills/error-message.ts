import { decodeText } from './exact-json';

/** What no client may read in a message of the billing API. */
export interface Unspeakable {
  /** The caller's bearer token. */
  readonly token: string;
  /** Where the billing API is. */
  readonly address: URL;
}

/** More would be a document, not a message. */
const MAX_LENGTH = 500;

/**
 * `error.message` of the contract's errorBody, where it is a text that can be shown to a client; null otherwise.
 * An API may quote the request that it refuses, so a message with the token, the API's address or a stack is dropped
 * whole: what is left of a text after cutting cannot be vouched for.
 */
export function readErrorMessage(body: Buffer, unspeakable: Unspeakable): string | null {
  let message: unknown;
  try {
    const parsed: unknown = JSON.parse(decodeText(body));
    const error = isObject(parsed) ? parsed['error'] : undefined;
    message = isObject(error) ? error['message'] : undefined;
  } catch {
    return null;
  }
  if (typeof message !== 'string' || message.trim() === '' || tells(message, unspeakable)) return null;
  return message.slice(0, MAX_LENGTH);
}

function tells(message: string, { token, address }: Unspeakable): boolean {
  const text = message.toLowerCase();
  // A name such as "billing" is an everyday word too: without a dot, only its slashes or its port make it an address.
  const host = /[.:]/.test(address.hostname) ? address.hostname : `//${address.hostname}`;
  const path = address.pathname.replace(/\/+$/, '');
  return (
    containsToken(message, token) ||
    text.includes(host) ||
    (address.port !== '' && text.includes(address.host)) ||
    (path !== '' && message.includes(path)) ||
    /\n\s+at /.test(message)
  );
}

/** A short token may be a part of a word; it is told only where it stands alone. */
function containsToken(message: string, token: string): boolean {
  for (let at = message.indexOf(token); at >= 0; at = message.indexOf(token, at + 1)) {
    if (token.length >= 8) return true;
    const around = message.charAt(at - 1) + message.charAt(at + token.length);
    if (!/[A-Za-z0-9]/.test(around)) return true;
  }
  return false;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
