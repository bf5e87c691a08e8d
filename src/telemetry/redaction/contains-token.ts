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
