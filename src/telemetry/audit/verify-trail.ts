import type { KeyObject } from 'node:crypto';
import { hashOfLine, NO_LINE, parseChainedLine, sealOf } from './audit-chain';

/** Something that is wrong with a trail. */
export interface TrailProblem {
  /** Index of the file, from 0, and number of the line in it, from 1. */
  readonly file: number;
  readonly line: number;
  readonly what: string;
}

/** What is known of a trail. */
export interface TrailReport {
  readonly lines: number;
  readonly problems: readonly TrailProblem[];
  /** What is no proof of tampering, and worth a look. */
  readonly notes: readonly TrailProblem[];
  /** The hash that the first line says it follows; null where it is the first of all, or there is no line. */
  readonly follows: string | null;
  /** The hash of the last line; null without lines. */
  readonly head: string | null;
}

/** Lines of a file, without their line feeds; `isEnded` false: the last one has none. */
export type TrailLines = AsyncIterable<{ readonly text: Buffer; readonly isEnded: boolean }>;

/**
 * Checks an audit trail. `files`: its files in their order.
 * @param head the hash of a line that must be present, from a copy kept elsewhere; null: none.
 */
export async function verifyTrail(files: readonly TrailLines[], key: KeyObject, head: string | null): Promise<TrailReport> {
  const check = new TrailCheck(key, head);
  for (const [index, lines] of files.entries()) {
    check.startFile(index);
    for await (const line of lines) check.line(line.text, line.isEnded);
    check.endFile();
  }
  return check.end();
}

class TrailCheck {
  readonly #key: KeyObject;
  readonly #wanted: string | null;
  readonly #problems: TrailProblem[] = [];
  readonly #notes: TrailProblem[] = [];
  /** Seals that were not made with the secret. */
  readonly #wrongSeals: TrailProblem[] = [];
  #seals = 0;
  #file = 0;
  #line = 0;
  #lines = 0;
  #follows: string | null = null;
  #head: string | null = null;
  #isSealed = true;
  #isWantedFound = false;

  constructor(key: KeyObject, wanted: string | null) {
    this.#key = key;
    this.#wanted = wanted;
  }

  startFile(index: number): void {
    this.#file = index;
    this.#line = 0;
  }

  line(bytes: Buffer, isEnded: boolean): void {
    this.#line++;
    this.#lines++;
    const text = bytes.toString('utf8');
    const parsed = parseChainedLine(text);
    const isFirst = this.#lines === 1;
    if (!parsed || !isJson(text)) {
      // The machine stopped in the midst of a write; the line after it says so by following it.
      this.#notes.push(this.#at('is no whole line: the process was stopped while it wrote it, or it was changed'));
      this.#isSealed = false;
    } else {
      if (isFirst) this.#begin(text, parsed.previous);
      else if (parsed.previous === NO_LINE)
        this.#problems.push(
          this.#at('begins a new trail: the gateway was started while its file was not there. What is missing before it cannot be told'),
        );
      else if (parsed.previous !== this.#head)
        this.#problems.push(this.#at('does not follow the line before it: a line was removed, changed or moved'));
      if (parsed.sealed) this.#checkSeal(parsed.sealed);
      this.#isSealed = parsed.sealed !== null;
    }
    if (!isEnded) this.#notes.push(this.#at('is cut off: the process is writing, or was stopped while it wrote'));
    this.#head = hashOfLine(bytes);
    if (this.#head === this.#wanted) this.#isWantedFound = true;
  }

  endFile(): void {
    if (this.#line === 0) this.#problems.push(this.#at('is where the first line would be, but the file is empty: its lines were removed'));
  }

  end(): TrailReport {
    if (this.#lines > 0 && !this.#isSealed)
      this.#problems.push(
        this.#at('is the last one and has no seal: lines after it were cut off, or the process was stopped while it wrote'),
      );
    if (this.#wanted !== null && !this.#isWantedFound)
      this.#problems.push(this.#at(`is the last one, and none has the hash ${this.#wanted}: lines were cut off at the end, or changed`));
    const problems = [...this.#toSealProblems(), ...this.#problems].sort((a, b) => a.file - b.file || a.line - b.line);
    return { lines: this.#lines, problems, notes: this.#notes, follows: this.#follows, head: this.#head };
  }

  #checkSeal({ text, seal }: { readonly text: string; readonly seal: string }): void {
    this.#seals++;
    if (sealOf(text, this.#key) !== seal)
      this.#wrongSeals.push(this.#at('has a seal that was not made with this secret: it was changed, or lines before it were'));
  }

  /** That the secret is another one is told once, and not for each line. */
  #toSealProblems(): readonly TrailProblem[] {
    const [first] = this.#wrongSeals;
    if (!first || this.#seals < 2 || this.#wrongSeals.length < this.#seals) return this.#wrongSeals;
    const what = `is the first of ${this.#seals} seals, and none was made with this secret: it is not the gateway's, or all lines were written anew`;
    return [{ ...first, what }];
  }

  #begin(text: string, previous: string): void {
    this.#follows = previous === NO_LINE ? null : previous;
    if (!text.includes('"event":"opened"'))
      this.#problems.push(this.#at('is the first one and does not open a file: lines before it were removed'));
  }

  #at(what: string): TrailProblem {
    return { file: this.#file, line: this.#line, what };
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
