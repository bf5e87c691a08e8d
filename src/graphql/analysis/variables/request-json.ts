/** A number that every check refuses, in place of one whose digits JSON does not keep: past 2^53 - 1 (see exact-variables.ts). */
const INEXACT = '1e300';

/** What a number that is rounded has: a fraction or an exponent, or more than 15 digits. */
const MAY_BE_INEXACT = /[0-9](?:\.[0-9]|[eE])|[0-9]{16}/;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Parses the JSON of a request. A number in its variables that a double only comes near to, and that looks like a whole
 * one afterwards (4503599627370497.4), becomes a number that is refused wherever a number may stand: GraphQL would take
 * it for an identifier, of something else. Numbers that stay fractions are refused for that.
 * @throws SyntaxError where the text is not JSON.
 */
export function parseRequestJson(text: string): unknown {
  const parsed: unknown = JSON.parse(text);
  // The text of the query, which is most of a request, has such digits too: only a request with numbers is looked at.
  if (!hasNumbers(parsed)) return parsed;
  const exact = toExactJson(text);
  return exact === text ? parsed : JSON.parse(exact);
}

/** The same as a text, for a parser of its own; what is not JSON stays so. */
export function toExactJson(text: string): string {
  return MAY_BE_INEXACT.test(text) ? replaceInexact(text) : text;
}

/** Whether a variable is a number, or may hold one. */
function hasNumbers(request: unknown): boolean {
  if (typeof request !== 'object' || request === null) return false;
  const { variables } = request as { readonly variables?: unknown };
  if (typeof variables !== 'object' || variables === null) return false;
  for (const name in variables) {
    const value = (variables as Readonly<Record<string, unknown>>)[name];
    if (typeof value === 'number' || (typeof value === 'object' && value !== null)) return true;
  }
  return false;
}

/** Replaces the numbers of a JSON text that look whole and are not; strings are passed over. */
function replaceInexact(text: string): string {
  let replaced = '';
  let copied = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      for (at++; at < text.length && text.charCodeAt(at) !== QUOTE; at++) if (text.charCodeAt(at) === BACKSLASH) at++;
    } else if (code === 0x2d || isDigit(code)) {
      const from = at;
      let hasExponent = false;
      for (let next = text.charCodeAt(at + 1); isInNumber(next); next = text.charCodeAt(++at + 1))
        if (next === 0x45 || next === 0x65) hasExponent = true;
      // Up to 15 digits, what is no whole number does not become one.
      if (!hasExponent && at - from < 15) continue;
      const token = text.slice(from, at + 1);
      if (!Number.isInteger(Number(token)) || isExact(token)) continue;
      replaced += text.slice(copied, from) + INEXACT;
      copied = at + 1;
    }
  }
  return copied === 0 ? text : replaced + text.slice(copied);
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** A digit, `+`, `-`, `.`, `e` or `E`. */
function isInNumber(code: number): boolean {
  return isDigit(code) || code === 0x2b || code === 0x2d || code === 0x2e || code === 0x45 || code === 0x65;
}

/** Whether the double that JSON makes of the number has the number's value. */
function isExact(token: string): boolean {
  const value = Number(token);
  return Number.isSafeInteger(value) && normalize(token) === normalize(String(value));
}

/** The number's digits without zeros around them, and their exponent: the same for two numbers if and only if they are equal. */
function normalize(token: string): string {
  const [mantissa = '', exponent = '0'] = token.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = trimZeros(whole + fraction);
  if (digits.text === '') return '0';
  return `${mantissa.startsWith('-') ? '-' : ''}${digits.text}e${Number(exponent) - fraction.length + digits.trailing}`;
}

/** By index: a regular expression that is anchored at the end alone would take quadratic time. */
function trimZeros(digits: string): { readonly text: string; readonly trailing: number } {
  let from = 0;
  let to = digits.length;
  while (from < to && digits[from] === '0') from++;
  while (to > from && digits[to - 1] === '0') to--;
  return { text: digits.slice(from, to), trailing: digits.length - to };
}
