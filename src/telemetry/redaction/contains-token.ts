/** Shorter texts occur in many tokens by chance. */
const MIN_PART = 16;
const PROBE = MIN_PART / 2;

/**
 * Whether a text that a caller chose would tell the caller's token, or a good part of it, where it is written down.
 * @param credentials the `Authorization` header, or the token alone.
 */
export function tellsToken(text: string, credentials: string | undefined): boolean {
  if (credentials === undefined) return false;
  const token = toToken(credentials);
  return token !== '' && (text.includes(token) || (text.length >= MIN_PART && token.includes(text)));
}

/**
 * Like `tellsToken`, but also whether any part of the text is a part of the token, in upper or lower case. Meant for short texts, as
 * `holdsTokenPart` is.
 */
export function disclosesToken(text: string, credentials: string | undefined): boolean {
  return credentials !== undefined && (tellsToken(text, credentials) || holdsTokenPart(text, toToken(credentials)));
}

/** The token in an `Authorization` header, or the token alone. */
function toToken(credentials: string): string {
  return credentials.slice(credentials.lastIndexOf(' ') + 1);
}

/**
 * Whether a text holds so many consecutive characters of a token, in upper or lower case, that they are no chance. Meant
 * for short texts: what may be a part is looked up in the token.
 */
export function holdsTokenPart(text: string, token: string): boolean {
  if (text.length < MIN_PART) return false;
  const told = text.toLowerCase();
  const secret = token.toLowerCase();
  // Wherever a part begins, it contains a whole probe of half its length. In nearly all texts no probe occurs in the token.
  for (let at = 0; at + PROBE <= told.length; at += PROBE)
    if (secret.includes(told.slice(at, at + PROBE)) && holdsPartAround(at, told, secret)) return true;
  return false;
}

/** Like `holdsTokenPart`, for the parts that contain the probe at one position of the text. */
function holdsPartAround(at: number, told: string, secret: string): boolean {
  const last = Math.min(at, told.length - MIN_PART);
  for (let from = Math.max(0, at + PROBE - MIN_PART); from <= last; from++)
    if (secret.includes(told.slice(from, from + MIN_PART))) return true;
  return false;
}
