import { JSONL_TYPE } from '../../request/media-types';
import type { ExportSummary, ExportedRow, RowFormat } from './row-format';

/** A JSON text a line: one for each row, and a last one that says whether these are all. */
export const JSONL_FORMAT: RowFormat = {
  mediaType: JSONL_TYPE,
  head: '',
  row: ({ cursor, node, errors }: ExportedRow) => toLine({ cursor, node, errors: errors.length > 0 ? errors : undefined }),
  end: (summary) => toLine({ complete: true, ...toMembers(summary) }),
  failure: (summary, errors) => toLine({ complete: false, ...toMembers(summary), errors }),
};

function toMembers({ rows, endCursor, extensions }: ExportSummary): object {
  return { rows, endCursor, ...(extensions && { extensions }) };
}

function toLine(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
