import type { GraphQLFormattedError } from 'graphql';
import { toCursor } from '../../../billing/model/cursor';
import { toCodes } from '../../response/completed';
import type { StreamedBody, StreamEnd } from '../../response/streamed-body';
import type { Page, PageReader } from './page-reader';
import type { PagedOperation } from './paged-operation';
import type { ExportSummary, RowFormat } from './row-format';

/** What an export is made of. */
export interface ExportRunOptions {
  readonly reader: PageReader;
  readonly format: RowFormat;
  /** Read already: whether there is a list shows before the response begins. */
  readonly firstPage: Page;
  readonly paged: PagedOperation;
  /** The position of its first row. */
  readonly start: number;
  /** The cursor that the export began after; null: at the list's start. */
  readonly after: string | null;
  /** Whether the end of the export tells what it cost. */
  readonly traced: boolean;
  /** Called when it is over. */
  readonly release: () => void;
}

/**
 * The rows of an export, page by page. While the client reads a page, the next one is read, and none after it: a client that
 * reads slowly has two pages in memory, and no call under way.
 */
export class ExportRun implements StreamedBody {
  readonly #options: ExportRunOptions;
  #next: Page | Promise<Page> | null;
  #text: string;
  #offset: number;
  #rows = 0;
  #endCursor: string | null;
  #isWhole = false;
  #codes: readonly string[] = [];

  constructor(options: ExportRunOptions) {
    this.#options = options;
    this.#next = options.firstPage;
    this.#text = options.format.head;
    this.#offset = options.start;
    this.#endCursor = options.after;
  }

  async next(): Promise<string | null> {
    if (!this.#next) return null;
    const page = await this.#next;
    this.#next = null;
    if (page.kind === 'rows') this.#writeRows(page);
    else if (page.kind === 'failed') this.#writeFailure(page.errors, page.codes);
    // There were rows, or there is a list that ends before them.
    else this.#writeEnd();
    const text = this.#text;
    this.#text = '';
    return text;
  }

  close(): StreamEnd {
    this.#next = null;
    this.#options.release();
    const failed = this.#rows > 0 ? 'partial' : 'failed';
    return {
      isWhole: this.#isWhole,
      outcome: this.#isWhole && this.#codes.length === 0 ? 'ok' : failed,
      codes: this.#codes,
      cost: this.#options.reader.cost,
    };
  }

  #writeRows(page: Extract<Page, { kind: 'rows' }>): void {
    const { reader, format, paged } = this.#options;
    const left = paged.range.rows - this.#rows;
    const rows = page.rows.slice(0, left);
    const isLast = page.isLast || page.rows.length >= left;
    this.#offset += page.read;
    if (!isLast) this.#next = reader.read(this.#offset);
    for (const row of rows) {
      const text = format.row(row);
      if (text === null) {
        this.#next = null;
        this.#writeFailure(row.errors, toCodes(row.errors));
        return;
      }
      this.#text += text;
      this.#rows++;
      this.#endCursor = row.cursor;
      if (row.errors.length > 0) this.#noteCodes(toCodes(row.errors));
    }
    if (isLast) this.#writeEnd();
    // What no row stands for was looked at as well.
    else if (paged.filter) this.#endCursor = toCursor(this.#offset - 1, paged.list);
  }

  #writeEnd(): void {
    this.#isWhole = true;
    this.#text += this.#options.format.end(this.#summary());
  }

  #writeFailure(errors: readonly GraphQLFormattedError[], codes: readonly string[]): void {
    this.#noteCodes(codes);
    this.#text += this.#options.format.failure(this.#summary(), errors);
  }

  #noteCodes(codes: readonly string[]): void {
    this.#codes = [...new Set([...this.#codes, ...codes])];
  }

  #summary(): ExportSummary {
    const { traced, reader } = this.#options;
    return { rows: this.#rows, endCursor: this.#endCursor, extensions: traced ? { billing: reader.cost } : null };
  }
}
