/** Shorter texts stand in many a token by chance. */
const MIN_PART = 16;

/**
 * Whether a text that a caller chose would tell the caller's token, or a good part of it, where it is written down.
 * @param credentials the `Authorization` header, or the token alone.
 */
export function tellsToken(text: string, credentials: string | undefined): boolean {
  if (credentials === undefined) return false;
  const token = credentials.slice(credentials.lastIndexOf(' ') + 1);
  return token !== '' && (text.includes(token) || (text.length >= MIN_PART && token.includes(text)));
}

/**
 * Whether a text holds so many consecutive characters of a token, in upper or lower case, that they are no chance. Meant
 * for short texts: each place of the text is looked up in the token.
 */
export function holdsTokenPart(text: string, token: string): boolean {
  const told = text.toLowerCase();
  const secret = token.toLowerCase();
  for (let at = 0; at + MIN_PART <= told.length; at++) if (secret.includes(told.slice(at, at + MIN_PART))) return true;
  return false;
}
