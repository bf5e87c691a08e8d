import type { GraphQLFormattedError } from 'graphql';

/** One invoice of an export. */
export interface ExportedRow {
  /** Given as `after`, it continues the export behind this row. */
  readonly cursor: string;
  /** What the operation selects of the invoice, as a response would have it. */
  readonly node: Readonly<Record<string, unknown>>;
  /** Errors of fields of this invoice, with their paths from the invoice on; empty where there are none. */
  readonly errors: readonly GraphQLFormattedError[];
}

/** What is known at the end of an export. */
export interface ExportSummary {
  readonly rows: number;
  /** The cursor to go on behind: of the last row, or of what was read last; null where nothing was read from the list's start. */
  readonly endCursor: string | null;
  /** What a response would have in `extensions`; null where that was not asked for. */
  readonly extensions: Readonly<Record<string, unknown>> | null;
}

/** How the rows of an export are written. */
export interface RowFormat {
  readonly mediaType: string;
  /** What stands before the first row. */
  readonly head: string;
  /** The row's text; null where the format has no place for what there is to say. */
  row(row: ExportedRow): string | null;
  /** What stands after the last row. */
  end(summary: ExportSummary): string;
  /** What stands in the place of the rows that could not be had. The connection is cut behind it, whatever it says. */
  failure(summary: ExportSummary, errors: readonly GraphQLFormattedError[]): string;
}
