import { createHmac, hash, type KeyObject } from 'node:crypto';

/** What the first line of a new trail has in place of the previous line's hash. */
export const NO_LINE = '0'.repeat(64);

/** How a line ends that is sealed: `,"seal":"` and 64 hexadecimal digits. */
const SEALED = /^(.*),"seal":"([0-9a-f]{64})"\}$/;
/** How the text of a line ends before its seal. */
const CHAINED = /,"previous":"([0-9a-f]{64})"$/;

/** A line of the trail, taken apart. */
export interface ChainedLine {
  /** The hash of the line before, which it contains. */
  readonly previous: string;
  /** The text that its seal is about, and the seal; null where it has none. */
  readonly sealed: { readonly text: string; readonly seal: string } | null;
}

/**
 * Makes a line of an audit trail, without a line feed.
 * @param content JSON members without braces, such as `"a":1`.
 * @param key where the line is sealed: with an HMAC-SHA-256 of its text. Null where it is not.
 */
export function toChainedLine(content: string, previous: string, key: KeyObject | null): string {
  const text = `{${content},"previous":"${previous}"`;
  return key ? `${text},"seal":"${sealOf(text, key)}"}` : `${text}}`;
}

/** Takes a line apart; null where it is no line of an audit trail. */
export function parseChainedLine(line: string): ChainedLine | null {
  const [, sealedText, seal] = SEALED.exec(line) ?? [];
  const text = sealedText ?? (line.endsWith('}') ? line.slice(0, -1) : '');
  const previous = CHAINED.exec(text)?.[1];
  if (previous === undefined) return null;
  return { previous, sealed: sealedText !== undefined && seal !== undefined ? { text: sealedText, seal } : null };
}

/** What a line was made of: see `toChainedLine`. */
export function contentOf(line: string): string {
  return line.slice(1, line.lastIndexOf(',"previous":"'));
}

/** The hash of a line, which the next one contains: SHA-256 in hexadecimal digits. */
export function hashOfLine(line: string | Buffer): string {
  return hash('sha256', line, 'hex');
}

/** Seals stand for all lines before theirs: nobody without the key can make one for lines that were changed. */
export function sealOf(text: string, key: KeyObject): string {
  return createHmac('sha256', key).update(text).digest('hex');
}
