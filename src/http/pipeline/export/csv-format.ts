import { isListType, isNonNullType, type GraphQLOutputType } from 'graphql';
import type { SelectedField } from '../../../graphql/analysis/operation-model';
import { badRequest } from '../../request/graphql-request';
import { CSV_TYPE } from '../../request/media-types';
import type { ExportedRow, RowFormat } from './row-format';

/** The column behind all others: a row that was cut off has no whole cursor, and cannot be taken for a whole one. */
const CURSOR = 'cursor';
/** RFC 4180, section 2. */
const LINE_END = '\r\n';
/** A field with any of these is quoted; so are spaces at its ends, which some readers trim. */
const QUOTED = /[",\r\n]|^\s|\s$/;
/**
 * Where spreadsheets take what follows for a formula: at the start of a field, and behind what begins another cell to one that separates
 * cells by semicolons or tabs, as in countries with a decimal comma. It does not know the quotes of a field for such either.
 */
const FORMULA = /^(?=[=+\-@\t\r])|[;\t\r\n](?=[=+\-@])/g;

/** A value of a row: its response keys from the row on. */
type Column = readonly string[];

/**
 * RFC 4180 with a header row: a column for each value that the operation selects of an invoice, and the cursor.
 * @throws GraphQLError `BAD_REQUEST` where the selection has no such form.
 */
export function createCsvFormat(rowField: SelectedField): RowFormat {
  const columns = toColumns(rowField.fields, []);
  const names = columns.map((keys) => keys.join('.'));
  if (names.includes(CURSOR)) throw badRequest(`A CSV export has a column "${CURSOR}" already: give the field another alias.`);
  return {
    mediaType: CSV_TYPE,
    head: toLine([...names, CURSOR]),
    // There is no place for an error, and an empty field would look like a value that is not there.
    row: ({ node, cursor, errors }: ExportedRow) =>
      errors.length > 0 ? null : toLine([...columns.map((keys) => toText(valueAt(node, keys))), cursor]),
    end: () => '',
    failure: () => '',
  };
}

function toColumns(fields: readonly SelectedField[], above: Column): Column[] {
  return fields.flatMap((field) => {
    const keys = [...above, field.key];
    if (field.definition && isList(field.definition.type))
      throw badRequest(
        `A CSV export has one line for each invoice, and no place for the list "${keys.join('.')}": leave it out, or ask for ` +
          `"Accept: application/jsonl".`,
      );
    return field.objectType ? toColumns(field.fields, keys) : [keys];
  });
}

function isList(type: GraphQLOutputType): boolean {
  return isListType(isNonNullType(type) ? type.ofType : type);
}

function valueAt(node: ExportedRow['node'], keys: Column): unknown {
  let value: unknown = node;
  for (const key of keys) value = (value as Readonly<Record<string, unknown>> | null)?.[key];
  return value;
}

/**
 * A value as a field of a line; null is empty, and an empty text is quoted. A text that a spreadsheet would execute gets an
 * apostrophe before it; a number never does, whatever its sign.
 */
function toText(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') return '';
  if (value === '') return '""';
  const text = /^-?[0-9]+$/.test(value) ? value : value.replace(FORMULA, "$&'");
  return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function toLine(fields: readonly string[]): string {
  return fields.join(',') + LINE_END;
}
