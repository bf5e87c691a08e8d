import type { GraphQLFormattedError } from 'graphql';
import { toCursor } from '../../../billing/model/cursor';
import type { RequestedOperation } from '../../../graphql/analysis/requested-operation';
import type { Caller } from '../../../billing/model/caller';
import { findNew, type ApolloOptions } from '../ask-apollo';
import { startLifetime } from '../operation-lifetime';
import { createContext } from '../request-contexts';
import type { Exchange } from '../../request/exchange';
import { badRequest, type GraphqlRequest } from '../../request/graphql-request';
import { CSV_TYPE } from '../../request/media-types';
import type { RequestControls } from '../../request/request-controls';
import {
  complete,
  completeErrors,
  completeResult,
  NO_CODES,
  NO_HEADERS,
  toCodes,
  type Completed,
  type Subject,
} from '../../response/completed';
import type { Streamed } from '../../response/streamed-body';
import { createCsvFormat } from './csv-format';
import { ExportRun } from './export-run';
import type { ExportSlots } from './export-slots';
import { toFailureHead } from './failure-head';
import { JSONL_FORMAT } from './jsonl-format';
import { PageReader, type Page, type PageReaderOptions } from './page-reader';
import { toPagedOperation } from './paged-operation';
import { toPrice } from './price';
import type { RowFormat } from './row-format';

/** What exports are made with. */
export interface ExportOptions extends PageReaderOptions, ApolloOptions {
  readonly exportSlots: ExportSlots;
}

/** A request for an export, its document resolved. */
export interface ExportRequest {
  readonly request: GraphqlRequest;
  readonly controls: RequestControls;
}

/**
 * Exports the one connection that an operation selects. First the operation is run as a dry run: it is parsed, validated and
 * checked against every policy like any other, but makes no call. Then each page is read by an operation of its own. An error
 * before the first row is returned with an error status.
 */
export async function exportConnection(exchange: Exchange, asked: ExportRequest, options: ExportOptions): Promise<Completed> {
  const { completed, requested } = await runDry(exchange, asked, options);
  const subject: Subject = { exchange, path: 'export', operation: requested?.operation ?? null, context: null };
  if (completed.codes.length > 0) return completed.status === 200 ? completeFailure(subject, toErrors(completed)) : completed;
  try {
    return await begin(subject, requested as RequestedOperation, asked.controls, options);
  } catch (error) {
    return completeErrors(subject, [error], options.formatError);
  }
}

/** Has everything about the operation checked, without a call. */
async function runDry(exchange: Exchange, { request, controls }: ExportRequest, options: ExportOptions): ReturnType<typeof findNew> {
  const lifetime = startLifetime(exchange.response, controls.deadlineMs);
  try {
    const contexts = { ...options.contexts, lifetime, inPages: true };
    const proving = controls.dryRun ? {} : { proving: () => createContext(exchange, controls, contexts).billing };
    return await findNew(exchange, request, createContext(exchange, { ...controls, dryRun: true }, { ...contexts, ...proving }), options);
  } finally {
    exchange.endAdmission();
    lifetime.end();
  }
}

/** Reads the first page, on which it depends whether the response is an export. */
async function begin(
  subject: Subject,
  requested: RequestedOperation,
  controls: RequestControls,
  options: ExportOptions,
): Promise<Completed> {
  const { exchange } = subject;
  const variables = requested.variables ?? {};
  const paged = toPagedOperation(requested);
  const format = exchange.exportType === CSV_TYPE ? createCsvFormat(paged.rowField) : JSONL_FORMAT;
  // The body ends with the connection there, whatever ended it: rows that are missing would not be missed.
  if (format !== JSONL_FORMAT && exchange.request.httpVersion === '1.0') throw badRequest(NEEDS_HTTP_1_1);
  if (controls.dryRun) return completeResult(subject, { data: null, extensions: { billing: toPrice(paged, variables, options) } }, OK);
  const known = options.operations.prepareOnce(paged.document, paged.operation);
  const reader = new PageReader(exchange, { paged, known, variables, controls }, options);
  const { exportSlots } = options;
  const caller = exchange.caller as Caller;
  const releaseFirst = exportSlots.take(caller);
  const { start } = paged.range;
  const firstPage = await readFirst(reader, format, start).finally(releaseFirst);
  if (firstPage.kind !== 'rows') {
    const failed = completeFailure(subject, firstPage.kind === 'failed' ? firstPage.errors : [NOT_FOUND], firstPage.kind === 'absent');
    return { ...failed, outcome: 'failed', cost: reader.cost };
  }
  // Taken again: with the first page the billing API may have accepted the token, which then has slots of its own.
  const release = exportSlots.take(caller);
  const after = start === 0 ? null : toCursor(start - 1, paged.list);
  const stream = new ExportRun({ reader, format, firstPage, start, after, traced: controls.traced, release, paged });
  const streamed: Streamed = {
    ...complete(subject, { ...OK, body: '', outcome: 'ok', codes: NO_CODES }),
    mediaType: format.mediaType,
    stream,
  };
  return streamed;
}

const NEEDS_HTTP_1_1 =
  'A CSV export needs HTTP/1.1: with HTTP/1.0 one that was cut off looks whole. Behind nginx, set "proxy_http_version 1.1;"; or ask ' +
  'for "Accept: application/jsonl", where the last line says whether it is whole.';

const OK = { status: 200, headers: NO_HEADERS };

/** The first page. Behind its list's end it may be answered as if there were no such list: then the list itself is asked for. */
async function readFirst(reader: PageReader, format: RowFormat, start: number): Promise<Page> {
  const page = await reader.read(start);
  if (page.kind === 'rows') {
    const [row] = page.rows;
    return row && format.row(row) === null ? { kind: 'failed', errors: row.errors, codes: toCodes(row.errors) } : page;
  }
  if (page.kind === 'failed' || start === 0) return page;
  const head = await reader.readHead();
  return head.kind === 'rows' ? { kind: 'rows', rows: [], read: 0, isLast: true } : head;
}

function toErrors({ body }: Completed): readonly GraphQLFormattedError[] {
  return (JSON.parse(body.toString()) as { readonly errors: readonly GraphQLFormattedError[] }).errors;
}

/** A list that is not there is not an empty one. */
const NOT_FOUND: GraphQLFormattedError = {
  message: 'The billing API knows no such contract of this customer, or no such customer: there is nothing to export.',
  extensions: { code: 'BAD_USER_INPUT' },
};

function completeFailure(subject: Subject, errors: readonly GraphQLFormattedError[], isAbsent = false): Completed {
  const head = toFailureHead(errors);
  return completeResult(subject, { errors }, isAbsent ? { ...head, status: 404 } : head);
}
