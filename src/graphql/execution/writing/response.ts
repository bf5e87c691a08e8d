import type { GraphQLError, GraphQLFormattedError } from 'graphql';
import type { OperationModel } from '../../analysis/operation-model';
import type { ResultMeter } from '../../context/result-meter';
import { FieldErrors } from '../field-errors';
import type { LiveObject } from '../live-results';
import type { Completed } from '../run-environment';
import { CarefulWriter } from './careful-writer';
import { JsonBuffer, ResultOverflow } from './json-buffer';
import { writeValue } from './write';
import { writeLongValue } from './write-long';

/** What the compiled execution of an operation gives. */
export interface CompiledResult {
  /**
   * The whole response where there is nothing beside the data: `{"data":…}` and the line's end that Apollo Server writes.
   * A text has one character a byte, to be sent as latin1; see `JsonBuffer.take`.
   */
  readonly body: Buffer | string;
  /**
   * The errors of fields, located, in graphql-js's order; to be formatted and given to `toResponseBody`. Where the
   * operation returns more than it may, `context.results.error` alone: it replaces the response, and `body` has no data.
   */
  readonly errors: readonly GraphQLError[];
}

/** What a response has beside its data. */
export interface ResponseMembers {
  /** As the client is shown them; null or empty where there are none. */
  readonly errors: readonly GraphQLFormattedError[] | null;
  readonly extensions: Readonly<Record<string, unknown>> | null;
}

const out = new JsonBuffer();
const DATA = Buffer.from('{"data":');
const END = Buffer.from('}\n');
/** The body of a response whose data is null. */
export const NO_DATA = '{"data":null}\n';
const NO_ERRORS: readonly GraphQLError[] = [];

/** The body of a response: `{"errors":…,"data":…,"extensions":…}` without the members that it has not, and a line's end. */
export function toResponseBody({ body }: CompiledResult, { errors, extensions }: ResponseMembers): Buffer | string {
  if (!errors?.length && !extensions) return body;
  const before = errors?.length ? `{"errors":${JSON.stringify(errors)},` : '{';
  const after = extensions ? `,"extensions":${JSON.stringify(extensions)}}\n` : '}\n';
  return typeof body === 'string'
    ? `${toBytes(before)}${body.slice(1, -END.length)}${toBytes(after)}`
    : Buffer.concat([Buffer.from(before), body.subarray(1, -END.length), Buffer.from(after)]);
}

/** A text with one character for each byte that the given one has in UTF-8. Messages and costs are ASCII, which has them already. */
function toBytes(text: string): string {
  return /[\u0080-\uffff]/.test(text) ? Buffer.from(text).toString('latin1') : text;
}

/**
 * Writes what was completed, a long response over several turns of the event loop. Throws, or rejects with, Fallback where a value
 * is not what its type says: graphql-js has the rules for that.
 */
export function toResult(completed: Completed, model: OperationModel, results: ResultMeter): CompiledResult | Promise<CompiledResult> {
  const { root, errors } = completed;
  // What was found to be too much lacks the values of some fields.
  if (!root || results.error) return toCompiled(NO_DATA, errors, { model, results });
  if (results.isLong) return writeLong({ ...completed, root, model, results });
  let body: Buffer | string;
  try {
    out.start(results.limits.maxResults, results.limits.maxAnswerBytes);
    out.literal(DATA);
    writeValue(out, root.plan, root);
    out.literal(END);
    body = out.take();
  } catch (error) {
    return recover(out, { ...completed, root, model, results }, error);
  }
  return errors ? toCompiled(body, errors, { model, results }) : { body, errors: NO_ERRORS };
}

/** The response to write. */
interface Writing extends Completed {
  readonly root: LiveObject;
  readonly model: OperationModel;
  readonly results: ResultMeter;
}

async function writeLong(writing: Writing): Promise<CompiledResult> {
  const { root, results } = writing;
  const buffer = new JsonBuffer();
  let body: Buffer | string;
  try {
    buffer.start(results.limits.maxResults, results.limits.maxAnswerBytes);
    buffer.literal(DATA);
    await writeLongValue(buffer, root.plan, root);
    buffer.literal(END);
    body = buffer.take();
  } catch (error) {
    return recover(buffer, writing, error);
  }
  return toCompiled(body, writing.errors, writing);
}

/** Goes on after an error: a value that could not be read costs itself, and too large a response is replaced. */
function recover(buffer: JsonBuffer, writing: Writing, error: unknown): CompiledResult {
  const { root, arrivals, results } = writing;
  try {
    if (error instanceof ResultOverflow) throw error;
    const errors = writing.errors ?? new FieldErrors();
    buffer.rewind(0, 0);
    buffer.literal(DATA);
    new CarefulWriter(buffer, { errors, results, arrivals }).writeObject(root, undefined);
    buffer.literal(END);
    return toCompiled(buffer.take(), errors, writing);
  } catch (failure) {
    buffer.discard();
    if (!(failure instanceof ResultOverflow)) throw failure;
    if (failure.kind === 'objects') results.exceedResults(failure.count);
    else if (failure.kind === 'bytes') results.exceedBytes(failure.count);
    return toCompiled(NO_DATA, null, writing);
  }
}

function toCompiled(
  body: Buffer | string,
  errors: FieldErrors | null,
  { model, results }: Pick<Writing, 'model' | 'results'>,
): CompiledResult {
  if (results.error) return { body: NO_DATA, errors: [results.error] };
  return { body, errors: errors ? errors.located(model) : NO_ERRORS };
}
