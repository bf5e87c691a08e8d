import type { FormattedExecutionResult, GraphQLError, OperationDefinitionNode } from 'graphql';
import type { BillsRead } from '../../billing/ports/read-audit';
import { toFreshness, type Freshness } from '../../graphql/server/cache-policy';
import type { RequestedOperation } from '../../graphql/analysis/requested-operation';
import type { GatewayContext } from '../../graphql/context/context';
import { toRateLimitError } from '../../graphql/context/errors';
import { formatErrors, type FormatError } from '../../graphql/context/format-errors';
import { toBillingExtension, type BillingExtensionOptions } from '../../graphql/server/billing-extension';
import { countObjects, type ResultMeter } from '../../graphql/context/result-meter';
import type { AnswerPath, ClientName, OperationOutcome, OperationType } from '../../telemetry/observers/operation-observer';
import { toToldName } from '../../telemetry/redaction/reported-name';
import type { Exchange } from '../request/exchange';
import { JSON_TYPE } from '../request/media-types';
import type { DerivedForms } from './derived-forms';
import { writeLongResult } from './long-result';
import { toServerTiming } from './server-timing';

/** What an operation has cost. */
export interface OperationCost {
  readonly calls: number;
  readonly merged: number;
  readonly cached: number;
  readonly stale: number;
}

/** A response that is ready to be sent, and what is recorded of its operation. */
export interface Completed {
  readonly path: AnswerPath;
  readonly status: number;
  /** Beside those that every response has: names in lower case, and values, in turn. */
  readonly headers: readonly string[];
  readonly mediaType: string;
  /** A text has one character a byte. */
  readonly body: Buffer | string;
  /** Where the response is cached. */
  readonly derived?: DerivedForms;
  readonly freshness: Freshness;
  /** Null where the response is none to an operation: a page. */
  readonly outcome: OperationOutcome | null;
  /** The codes of its errors, without repetition. */
  readonly codes: readonly string[];
  /** Null if the operation has no name, was not found, or its name must not be reported. */
  readonly operationName: string | null;
  readonly operationType: OperationType | null;
  readonly cost: OperationCost;
  /** The client that the request said it comes from, or the cached request before it. */
  readonly client: ClientName | null;
  /** Its reads, if audited: serving the response from the cache records them again. */
  readonly reads: readonly BillsRead[];
}

/** What is known of an operation when its response is made. */
export interface Subject {
  readonly exchange: Exchange;
  readonly path: AnswerPath;
  /** Null where no operation was found. */
  readonly operation: OperationDefinitionNode | null;
  /** Null where it was refused before it had one. */
  readonly context: GatewayContext | null;
}

/** What responses are completed with. */
export interface CompleteOptions {
  readonly extensions: BillingExtensionOptions;
  readonly formatError: FormatError;
}

/** Status and headers of a response. */
export type Head = Pick<Completed, 'status' | 'headers'>;

export const NO_CODES: readonly string[] = [];
export const NO_HEADERS: readonly string[] = [];
const NO_READS: readonly BillsRead[] = [];
export const NO_COST: OperationCost = { calls: 0, merged: 0, cached: 0, stale: 0 };

/** Placeholder for the response to a client that has disconnected; it is never sent. */
export const ABORTED = { status: 200, headers: NO_HEADERS, body: '', outcome: 'aborted', codes: NO_CODES } as const;

/** Completes a request that is refused with errors and without data. */
export function completeErrors(subject: Subject, errors: readonly unknown[], format: FormatError): Completed {
  const { errors: formatted, status, headers } = formatErrors(errors, format);
  return completeResult(subject, { errors: formatted }, { status: status ?? 500, headers });
}

/**
 * Completes an operation that graphql-js has executed, its errors formatted. It is held here to what it may return: the
 * compiled execution counts while it writes.
 * @param requested the operation; null where none was found.
 */
export function completeExecuted(
  subject: Subject & { readonly context: GatewayContext },
  result: FormattedExecutionResult,
  head: Head,
  { requested, options }: { readonly requested: RequestedOperation | null; readonly options: CompleteOptions },
): Completed | Promise<Completed> {
  if (result.data === undefined) return completeResult(subject, result, head);
  const { results, dryRun } = subject.context;
  const refusal = findRefusedCalls(subject.context);
  if (refusal) return completeErrors(subject, [refusal], options.formatError);
  const billing = toBillingExtension(subject.context, requested, options.extensions);
  const extended = billing ? { ...result, extensions: { ...result.extensions, billing } } : result;
  // Nothing was read: what the loads made up must not be taken for the customer's.
  if (dryRun) return completeResult(subject, { ...extended, data: null }, head);
  const { maxResults, maxAnswerBytes } = results.limits;
  if (!results.error) {
    const objects = countObjects(result.data, MAX_SHORT_OBJECTS);
    if (objects > MAX_SHORT_OBJECTS) return completeLong({ ...subject, results }, extended, head, options);
    if (objects > maxResults) results.exceedResults(objects);
    else {
      const completed = completeResult(subject, extended, head);
      if (completed.body.length <= maxAnswerBytes) return completed;
      results.exceedBytes(completed.body.length);
    }
  }
  // A part of the data must not look like all of it.
  return completeErrors(subject, [results.error], options.formatError);
}

/** The error of an operation that made no call since its token may make no more; what it got from caches alone is no answer to it. */
export function findRefusedCalls({ billing }: GatewayContext): GraphQLError | null {
  const operation = billing?.operation;
  return operation?.refusal && operation.calls === 0 ? toRateLimitError(operation.refusal) : null;
}

/** Objects of a result that is written at once: graphql-js has just made them in the same turn of the event loop. */
const MAX_SHORT_OBJECTS = 500;

/** The same for a result that is written over several turns of the event loop. */
async function completeLong(
  subject: Subject & { readonly results: ResultMeter },
  { errors, data, extensions }: FormattedExecutionResult,
  head: Head,
  { formatError }: CompleteOptions,
): Promise<Completed> {
  const { results } = subject;
  const { maxResults, maxAnswerBytes } = results.limits;
  const written = await writeLongResult(data, results.limits);
  const before = Buffer.from(errors?.length ? `{"errors":${JSON.stringify(errors)},"data":` : '{"data":');
  const after = Buffer.from(extensions ? `,"extensions":${JSON.stringify(extensions)}}\n` : '}\n');
  const bytes = before.length + written.bytes + after.length;
  if (written.objects > maxResults) results.exceedResults(written.objects);
  else if (bytes > maxAnswerBytes) results.exceedBytes(bytes);
  if (results.error) return completeErrors(subject, [results.error], formatError);
  const body = Buffer.concat([before, ...written.pieces, after], bytes);
  return complete(subject, { ...head, body, outcome: toOutcome(data !== null, Boolean(errors?.length)), codes: toCodes(errors) });
}

/** Completes an operation with a result whose errors are formatted. */
export function completeResult(subject: Subject, { errors, data, extensions }: FormattedExecutionResult, head: Head): Completed {
  const listed = errors?.length ? errors : undefined;
  // The order of the members, and the line's end, are Apollo Server's.
  const body = Buffer.from(`${JSON.stringify({ errors: listed, data, extensions })}\n`);
  // No `data` at all: nothing was executed (GraphQL specification, section 7.1.2).
  const outcome = data === undefined ? 'refused' : toOutcome(data !== null, listed !== undefined);
  return complete(subject, { ...head, body, outcome, codes: toCodes(listed) });
}

/** Completes an operation with a body that is written already. */
export function complete(
  { exchange, path, operation, context }: Subject,
  written: Pick<Completed, 'status' | 'headers' | 'body' | 'outcome' | 'codes'>,
): Completed {
  const billing = context?.billing ?? null;
  // What is refused has cost nothing, and does not say so on any path.
  const isTimed = billing !== null && context?.traced === true && written.outcome !== 'refused';
  return {
    path,
    status: written.status,
    headers: isTimed ? [...written.headers, 'server-timing', toServerTiming(billing, exchange.startedMs)] : written.headers,
    mediaType: exchange.mediaType ?? JSON_TYPE,
    body: written.body,
    freshness: toFreshness(billing, written.outcome !== 'ok'),
    outcome: written.outcome,
    codes: written.codes,
    operationName: toToldName(operation?.name?.value, exchange.caller?.token),
    operationType: operation?.operation ?? null,
    cost: billing ? toCost(billing) : NO_COST,
    client: exchange.client,
    reads: billing?.operation.reads ?? NO_READS,
  };
}

/** How an operation ended that was executed. */
export function toOutcome(hasData: boolean, hasErrors: boolean): OperationOutcome {
  if (!hasErrors) return 'ok';
  return hasData ? 'partial' : 'failed';
}

/** The codes of errors, without repetition. */
export function toCodes(errors: FormattedExecutionResult['errors']): readonly string[] {
  if (!errors?.length) return NO_CODES;
  return [...new Set(errors.map(({ extensions }) => extensions?.['code']).filter((code) => typeof code === 'string'))];
}

function toCost({ merged, operation: { calls, cached, stale } }: NonNullable<GatewayContext['billing']>): OperationCost {
  return { calls, merged, cached, stale };
}
