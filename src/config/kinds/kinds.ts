import { readFileSync } from 'node:fs';
import { REFUSED, type Kind } from './setting';

/** Any text. */
export const TEXT: Kind<string> = { form: 'a text', absent: null, parse: (text) => text };

/** A whole number from `min` to `max`, in decimal digits alone. */
export function whole(min: number, max: number): Kind<number> {
  return {
    form: `a whole number from ${min} to ${max}`,
    absent: null,
    parse: (text) => {
      const number = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return number >= min && number <= max ? number : REFUSED;
    },
  };
}

/** A number that may grow, from where it starts to its most. */
export interface GrowingNumber {
  readonly start: number;
  readonly max: number;
}

/** A whole number from `min` to `max`, or two of them as in 64-128: where it starts, and how far it may grow. */
export function wholeOrRange(min: number, max: number): Kind<GrowingNumber> {
  const one = whole(min, max);
  return {
    form: `${one.form}, or two of them as in 64-128, of which the second is not smaller`,
    absent: null,
    parse: (text) => {
      const [first = '', last = first, ...others] = text.split('-');
      const start = one.parse(first);
      const most = one.parse(last);
      return start === REFUSED || most === REFUSED || most < start || others.length > 0 ? REFUSED : { start, max: most };
    },
  };
}

/** One of a few words, written exactly so. */
export function choice<const T extends string>(choices: readonly T[]): Kind<T> {
  return {
    form: `one of ${choices.map((each) => `"${each}"`).join(', ')}`,
    absent: null,
    parse: (text) => choices.find((each) => each === text) ?? REFUSED,
  };
}

export const FLAG: Kind<boolean> = {
  form: 'one of "true", "false"',
  absent: null,
  parse: (text) => (text === 'true' ? true : text === 'false' ? false : REFUSED),
};

/** An address of one of the schemes. */
export function url(schemes: readonly string[]): Kind<URL> {
  return {
    form: `an address that starts with ${toChoice(schemes)}`,
    absent: null,
    unquoted: true,
    parse: (text) => parseUrl(text, schemes) ?? REFUSED,
  };
}

/** Addresses of one of the schemes, separated by commas. */
export function urls(schemes: readonly string[]): Kind<readonly string[], readonly string[]> {
  return {
    form: `an address that starts with ${toChoice(schemes)}, or several of them separated by commas`,
    absent: [],
    unquoted: true,
    parse: (text) => {
      const all = text.split(',').map((each) => parseUrl(each.trim(), schemes)?.href);
      const good = all.filter((each) => each !== undefined);
      return good.length < all.length ? REFUSED : good;
    },
  };
}

/** A file that `parse` can use: its value is what `parse` makes of the content. */
export function file<T>(form: string, parse: (content: string) => T): Kind<T> {
  const read = (path: string): { readonly value: T } | { readonly problem: string } => {
    try {
      return { value: parse(readFileSync(path, 'utf8')) };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return { problem: code === undefined ? message : `it cannot be read (${code})` };
    }
  };
  return {
    form,
    absent: null,
    parse: (path) => {
      const result = read(path);
      return 'value' in result ? result.value : REFUSED;
    },
    explain: (path) => {
      const result = read(path);
      return `; "${path}" cannot be used${'problem' in result ? `: ${result.problem}` : ''}`;
    },
  };
}

/** Another kind under a further condition, with its own words. */
export function refine<T, A>(kind: Kind<T, A>, form: string, isGood: (value: T) => boolean): Kind<T, A> {
  return {
    ...kind,
    form,
    parse: (text) => {
      const value = kind.parse(text);
      return value === REFUSED || isGood(value) ? value : REFUSED;
    },
  };
}

function parseUrl(text: string, schemes: readonly string[]): URL | null {
  const parsed = URL.canParse(text) ? new URL(text) : null;
  return parsed && schemes.includes(parsed.protocol) ? parsed : null;
}

function toChoice(schemes: readonly string[]): string {
  return schemes.map((scheme) => `${scheme}//`).join(' or ');
}
