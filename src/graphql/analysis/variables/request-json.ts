/** A number that every check refuses, in place of one whose digits JSON does not keep: past 2^53 - 1 (see exact-variables.ts). */
const INEXACT = '1e300';
export const INEXACT_NUMBER = Number(INEXACT);

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
  const hasNumbers = typeof parsed === 'object' && parsed !== null && holdsNumbers((parsed as { readonly variables?: unknown }).variables);
  return hasNumbers ? parseExactly(text, parsed) : parsed;
}

/** Parses the JSON of a request's variables alone, as `parseRequestJson` does it for the whole. */
export function parseVariables(text: string): unknown {
  const parsed: unknown = JSON.parse(text);
  return holdsNumbers(parsed) ? parseExactly(text, parsed) : parsed;
}

function parseExactly(text: string, parsed: unknown): unknown {
  const exact = toExactJson(text);
  return exact === text ? parsed : JSON.parse(exact);
}

/** The same as a text, for a parser of its own; what is not JSON stays so. */
export function toExactJson(text: string): string {
  return MAY_BE_INEXACT.test(text) ? replaceInexact(text) : text;
}

/** Whether a variable is a number, or may hold one. */
function holdsNumbers(variables: unknown): boolean {
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
      if (toExactNumber(text.slice(from, at + 1)) !== INEXACT_NUMBER) continue;
      replaced += text.slice(copied, from) + INEXACT;
      copied = at + 1;
    }
  }
  return copied === 0 ? text : replaced + text.slice(copied);
}

/** The number of a JSON text; `INEXACT_NUMBER` where it looks like a whole one, and is not or has lost digits. */
export function toExactNumber(token: string): number {
  const value = Number(token);
  return !Number.isInteger(value) || isExact(token, value) ? value : INEXACT_NUMBER;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** A digit, `+`, `-`, `.`, `e` or `E`. */
function isInNumber(code: number): boolean {
  return isDigit(code) || code === 0x2b || code === 0x2d || code === 0x2e || code === 0x45 || code === 0x65;
}

/**
 * Whether the double that JSON makes of the number, which is a whole one, has the number's value. It does if both have the same digits
 * without the zeros around them: the nearest double is not ten times as large. Makes no texts: a request may have 60,000 such numbers.
 */
function isExact(token: string, number: number): boolean {
  const value = Math.abs(number);
  if (!Number.isSafeInteger(value)) return false;
  let significand = 0;
  // Ten times as much for each zero that was read since.
  let scale = 10;
  for (let at = 0; at < token.length; at++) {
    const code = token.charCodeAt(at);
    if (code === 0x45 || code === 0x65) break;
    if (!isDigit(code)) continue;
    if (code === 0x30) {
      if (significand > 0) scale *= 10;
      continue;
    }
    significand = significand * scale + (code - 0x30);
    scale = 10;
  }
  while (significand < value) significand *= 10;
  return significand === value;
}
