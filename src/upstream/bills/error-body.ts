import { decodeText } from './exact-json';

/** Larger bodies are not looked into: no errorBody of the contract is that long. */
const MAX_BYTES = 64 * 1024;

/** Whether a body is the contract's errorBody (an object with an `error`), and not what a proxy or firewall in front of the API sends. */
export function isErrorBody(body: Buffer): boolean {
  if (body.length > MAX_BYTES) return false;
  try {
    const parsed: unknown = JSON.parse(decodeText(body));
    return isObject(parsed) && isObject(parsed['error']);
  } catch {
    return false;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
