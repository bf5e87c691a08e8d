import { Kind, type FieldNode } from 'graphql';
import { toPredicate, type ActiveFilter } from '../../../billing/model/invoice-filter';
import type { SelectedField } from '../../../graphql/analysis/operation-model';
import type { ExportedRow } from './row-format';

/**
 * The rows that a connection's `filter` means. Pages of an export are read without it, and each row is looked at: so each page
 * costs the same, however few invoices match, and cursors are positions in the whole list as they are anywhere.
 */
export class RowFilter {
  readonly #filter: ActiveFilter;
  readonly #matches: ReturnType<typeof toPredicate>;
  readonly #status: string;
  readonly #billPeriod: string;

  constructor(filter: ActiveFilter, rowField: SelectedField) {
    this.#filter = filter;
    this.#matches = toPredicate(filter);
    this.#status = toUnusedKey('exportStatus', rowField);
    this.#billPeriod = toUnusedKey('exportBillPeriod', rowField);
  }

  /** What is to be selected of an invoice to know whether it is meant. */
  get fields(): readonly FieldNode[] {
    const { status, billPeriods } = this.#filter;
    return [
      ...(status === null ? [] : [toField(this.#status, 'status')]),
      ...(billPeriods === null ? [] : [toField(this.#billPeriod, 'billPeriod')]),
    ];
  }

  /** Whether a response key is one of those fields'. */
  reads(key: unknown): boolean {
    return key === this.#status || key === this.#billPeriod;
  }

  /** The rows that are meant, without those fields. */
  apply(rows: readonly ExportedRow[]): readonly ExportedRow[] {
    return rows.flatMap((row) => {
      const { [this.#status]: status = null, [this.#billPeriod]: billPeriod = null, ...node } = row.node;
      const invoice = { status: status as boolean | null, billPeriod: billPeriod as string | null };
      return this.#matches(invoice) ? [{ ...row, node }] : [];
    });
  }
}

function toUnusedKey(base: string, { fields }: SelectedField): string {
  let key = base;
  while (fields.some((field) => field.key === key)) key += '_';
  return key;
}

function toField(alias: string, name: string): FieldNode {
  return { kind: Kind.FIELD, alias: { kind: Kind.NAME, value: alias }, name: { kind: Kind.NAME, value: name } };
}
