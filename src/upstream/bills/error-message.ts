import { isUtf8 } from 'node:buffer';
import { withoutTrailingSlashes } from '../../runtime/trailing-slashes';
import { holdsTokenPart } from '../../telemetry/redaction/contains-token';
import { toUtf8 } from './body-text';

/** What no client may read in a message of the billing API. */
export interface Unspeakable {
  /** The caller's bearer token. */
  readonly token: string;
  /** Where the billing API is. */
  readonly address: URL;
}

/** More would be a document, not a message. */
const MAX_LENGTH = 200;
/** No body of an error that is larger is parsed. */
const MAX_BYTES = 64 * 1024;

/** Addresses. What is here may refuse an innocent text, such as one with a time of day after a letter; it is then not passed on. */
const ADDRESSES: readonly RegExp[] = [
  /:[/\\]{2}|\/\/\w|\bwww\./i,
  /\blocalhost\b|\.(?:internal|intranet|intra|local|localdomain|corp|lan|cluster|svc|com|net|org|io|cloud)\b/i,
  // A name and a port.
  /[a-z][\w.-]{0,63}:\d{2,5}(?!\d)/i,
  // IPv4, then IPv6.
  /\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}/,
  /::|(?:[0-9a-f]{1,4}:){4}/i,
];

/** Stack frames, and what stands above them. */
const FRAMES: readonly RegExp[] = [
  /\n[ \t]{1,16}at /,
  // Java, .NET and Node: a method, then its place.
  /\bat [\w$.<>[\]`+/@-]{1,200}\(/,
  /<anonymous>|:\d{1,7}:\d{1,7}\)|:line \d/i,
  /\bexception in thread\b|\bcaused by:|\.\w{1,80}(?:Exception|Error)\b|\b(?:unhandled|uncaught) exception\b/i,
  // A file and a line, in any language.
  /\.[a-z]{1,5}:\d/i,
  // Python.
  /\btraceback\b|", line \d/i,
  // PHP.
  /#\d{1,3} (?:\{main\}|\S{1,150}\()|\.php\b|\bstack ?trace\b|\bon line \d/i,
  // Go and Rust.
  /\bgoroutine \d|\bpanic:|\bpanicked at\b/i,
];

/**
 * `error.message` of the contract's errorBody, where it is a text that can be shown to a client; null otherwise.
 * An API may quote the request that it refuses, so a message with a part of the token, an address or a stack is dropped
 * whole: what is left of a text after cutting cannot be vouched for.
 */
export function readErrorMessage(body: Buffer, unspeakable: Unspeakable, path: readonly string[] = CONTRACT_PATH): string | null {
  if (body.length > MAX_BYTES) return null;
  let message: unknown;
  try {
    message = memberAt(parse(body), path);
  } catch {
    return null;
  }
  // The length comes first: nothing below sees a long text.
  if (typeof message !== 'string' || message.length > MAX_LENGTH || message.trim() === '') return null;
  return tells(message, unspeakable) ? null : message;
}

function tells(message: string, { token, address }: Unspeakable): boolean {
  const text = message.toLowerCase();
  // A name such as "billing" is an everyday word too: without a dot, only its slashes or its port make it an address.
  const host = /[.:]/.test(address.hostname) ? address.hostname : `//${address.hostname}`;
  const path = withoutTrailingSlashes(address.pathname);
  return (
    containsToken(message, token) ||
    holdsTokenPart(message, token) ||
    text.includes(host) ||
    (address.port !== '' && text.includes(address.host)) ||
    (path !== '' && message.includes(path)) ||
    ADDRESSES.some((address) => address.test(message)) ||
    FRAMES.some((frame) => frame.test(message))
  );
}

/** A short token may occur inside a word; it is recognised only as a whole word. */
function containsToken(message: string, token: string): boolean {
  if (token === '') return false;
  for (let at = message.indexOf(token); at >= 0; at = message.indexOf(token, at + 1)) {
    if (token.length >= 8) return true;
    const around = message.charAt(at - 1) + message.charAt(at + token.length);
    if (!/[A-Za-z0-9]/.test(around)) return true;
  }
  return false;
}

/** Where the contract's errorBody has its message. */
const CONTRACT_PATH: readonly string[] = ['error', 'message'];

/** What stands at the end of a path of members; undefined where the path leads nowhere. */
function memberAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((object, name) => (isObject(object) && Object.hasOwn(object, name) ? object[name] : undefined), value);
}

function parse(body: Buffer): unknown {
  const text = toUtf8(body, undefined);
  if (!isUtf8(text)) throw new Error('The body is not UTF-8.');
  return JSON.parse(text.toString('utf8'));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Whether a body is the contract's errorBody (an object with an `error`), and not what a proxy or firewall in front of the API sends. */
export function isErrorBody(body: Buffer, path: readonly string[] = CONTRACT_PATH): boolean {
  if (body.length > MAX_BYTES) return false;
  try {
    const value = parse(body);
    // Where the message is no member of another one, it is all that tells an error body.
    return path.length === 1 ? typeof memberAt(value, path) === 'string' : isObject(memberAt(value, path.slice(0, -1)));
  } catch {
    return false;
  }
}
