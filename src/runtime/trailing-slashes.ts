/** The text without the slashes at its end. A regular expression for it would take quadratic time in a text of slashes. */
export function withoutTrailingSlashes(text: string): string {
  let { length } = text;
  while (length > 0 && text[length - 1] === '/') length--;
  return text.slice(0, length);
}
