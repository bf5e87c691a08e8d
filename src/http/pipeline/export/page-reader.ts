import type { GraphQLFormattedError } from 'graphql';
import { toCursor } from '../../../billing/model/cursor';
import type { Variables } from '../../../graphql/analysis/variables/coerce-variables';
import type { GatewayContext } from '../../../graphql/context/context';
import type { PreparedOperation } from '../../../graphql/execution/compiled-operation';
import { executeKnown, type ExecuteOptions, type KnownRequest } from '../execute-known';
import { startLifetime } from '../operation-lifetime';
import type { Exchange } from '../../request/exchange';
import type { RequestControls } from '../../request/request-controls';
import { completeErrors, type Completed, type OperationCost } from '../../response/completed';
import type { PagedOperation } from './paged-operation';
import type { ExportedRow } from './row-format';

/** The result of reading a page: `read` invoices, and the rows that match. */
export type Page =
  | { readonly kind: 'rows'; readonly rows: readonly ExportedRow[]; readonly read: number; readonly isLast: boolean }
  /** The billing API knows no such list, or its window lies past the list's end. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly errors: readonly GraphQLFormattedError[]; readonly codes: readonly string[] };

/** What pages are read with. */
export interface PageReaderOptions extends ExecuteOptions {
  /** Most invoices of a page. */
  readonly exportPageSize: number;
}

/** What the exchange asks for, as operations that read a page each. */
export interface PagedRequest {
  readonly paged: PagedOperation;
  readonly known: PreparedOperation<GatewayContext>;
  /** As they came. */
  readonly variables: Variables;
  readonly controls: RequestControls;
}

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly GraphQLFormattedError[];
}

/** Fewer objects or bytes may do: the operation's rows are large. */
const TOO_LARGE = 'RESULT_LIMIT_EXCEEDED';

/**
 * Reads the pages of an export, each as an operation of its own: under the same policies, over loads of its own, within the
 * limits and the time of any operation.
 */
export class PageReader {
  readonly #exchange: Exchange;
  readonly #request: PagedRequest;
  readonly #options: PageReaderOptions;
  readonly #cost = { calls: 0, merged: 0, cached: 0, stale: 0 };
  #size: number;
  /** Whether a full page was received: a shorter one is then not truncated, but the last. */
  #hasFull = false;

  constructor(exchange: Exchange, request: PagedRequest, options: PageReaderOptions) {
    this.#exchange = exchange;
    this.#request = request;
    this.#options = options;
    this.#size = options.exportPageSize;
  }

  /** What all pages so far have cost. */
  get cost(): OperationCost {
    return { ...this.#cost };
  }

  /** Reads the page that begins at a position. Never rejects. */
  async read(offset: number): Promise<Page> {
    for (;;) {
      const { end } = this.#request.paged.range;
      // Pages begin at multiples of their size, so that those of other exports, and what is cached, serve for them.
      const first = Math.min(this.#size - (offset % this.#size), end - offset);
      if (first === 0) return { kind: 'rows', rows: [], read: 0, isLast: true };
      const page = await this.#execute(offset, first);
      if (page.kind === 'rows') {
        this.#hasFull ||= page.read === this.#size;
        return { ...page, isLast: page.read < first || offset + first >= end };
      }
      if (page.kind !== 'failed' || first === 1 || !page.codes.includes(TOO_LARGE)) return page;
      this.#size = Math.ceil(first / 2);
    }
  }

  /** Reads the list's first invoice alone, which shows whether there is such a list. Never rejects. */
  readHead(): Promise<Page> {
    return this.#execute(0, 1);
  }

  async #execute(offset: number, first: number): Promise<Page> {
    const { paged, known, controls, variables } = this.#request;
    const lifetime = startLifetime(this.#exchange.response, controls.deadlineMs);
    try {
      const request: KnownRequest = {
        known,
        variables: { ...variables, ...toPageVariables(paged, offset, first) },
        // The export reports the cost of its pages, and verifies that a short page is the last.
        controls: { ...controls, traced: false, detailed: false, claimsEnd: !this.#hasFull },
        lifetime,
      };
      const completed = await executeKnown(this.#exchange, request, this.#options);
      for (const name of ['calls', 'merged', 'cached', 'stale'] as const) this.#cost[name] += completed.cost[name];
      return this.#toPage(completed);
    } catch (error) {
      return this.#toPage(
        completeErrors({ exchange: this.#exchange, path: 'export', ...NOTHING_FOUND }, [error], this.#options.formatError),
      );
    } finally {
      this.#exchange.endAdmission();
      lifetime.end();
      // The rows are texts by now.
      this.#exchange.memory?.close();
    }
  }

  #toPage(completed: Completed): Page {
    if (this.#exchange.isGone) return { kind: 'failed', errors: [], codes: [] };
    const { data, errors = [] } = toAnswer(completed);
    const place = this.#request.paged.path.length + 1;
    const ofRows = errors.filter(({ path }) => typeof path?.[place] === 'number');
    const edges = toEdges(data, this.#request.paged.path);
    if (ofRows.length < errors.length || (edges === null && errors.length > 0)) return { kind: 'failed', errors, codes: completed.codes };
    if (edges === null) return { kind: 'absent' };
    const rows = edges.map(({ cursor, node }): MutableRow => ({ cursor, node, errors: [] }));
    for (const error of ofRows) rows[Number(error.path?.[place])]?.errors.push({ ...error, path: error.path?.slice(place + 2) ?? [] });
    const { filter } = this.#request.paged;
    // Whether the invoice is meant is not known.
    if (filter && rows.some((row) => row.errors.some(({ path }) => filter.reads(path?.[0]))))
      return { kind: 'failed', errors, codes: completed.codes };
    return { kind: 'rows', rows: filter ? filter.apply(rows) : rows, read: rows.length, isLast: false };
  }
}

/** The variables that say which page it is, by their names. */
export function toPageVariables({ variables, list }: PagedOperation, offset: number, first: number): Variables {
  return { [variables.first]: first, [variables.after]: offset === 0 ? null : toCursor(offset - 1, list) };
}

const NOTHING_FOUND = { operation: null, context: null };

interface MutableRow extends ExportedRow {
  readonly errors: GraphQLFormattedError[];
}

type Edge = Pick<ExportedRow, 'cursor' | 'node'>;

function toAnswer({ body }: Completed): Answer {
  return JSON.parse((typeof body === 'string' ? Buffer.from(body, 'latin1') : body).toString('utf8')) as Answer;
}

/** The edges of the connection; null where there is none. */
function toEdges(data: unknown, path: readonly string[]): readonly Edge[] | null {
  let value = data;
  for (const key of path) value = (value as Readonly<Record<string, unknown>> | null | undefined)?.[key];
  return (value as { readonly edges: readonly Edge[] } | null | undefined)?.edges ?? null;
}
