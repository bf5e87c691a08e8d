import type { GraphQLError, GraphQLFormattedError } from 'graphql';
import type { ResultMeter } from '../../context/result-meter';
import { FieldErrors, type SelectedOperation } from '../field-errors';
import type { LiveObject } from '../live-results';
import type { Completed } from '../run-environment';
import { CarefulWriter } from './careful-writer';
import { JsonBuffer, ResultOverflow } from './json-buffer';
import { forgetWritten, writeValue } from './write';

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
  const before = Buffer.from(errors?.length ? `{"errors":${JSON.stringify(errors)},` : '{');
  const after = Buffer.from(extensions ? `,"extensions":${JSON.stringify(extensions)}}\n` : '}\n');
  return typeof body === 'string'
    ? `${before.toString('latin1')}${body.slice(1, -END.length)}${after.toString('latin1')}`
    : Buffer.concat([before, body.subarray(1, -END.length), after]);
}

/** Writes what was completed. Throws Fallback where a value is not what its type says: graphql-js has the rules for that. */
export function toResult(completed: Completed, selected: SelectedOperation, results: ResultMeter): CompiledResult {
  let { errors } = completed;
  let body: Buffer | string = NO_DATA;
  // What was found to be too much lacks the values of some fields.
  if (completed.root && !results.error) {
    try {
      forgetWritten();
      out.start(results.limits.maxResults, results.limits.maxAnswerBytes);
      try {
        writeData(completed.root);
      } catch (error) {
        if (error instanceof ResultOverflow) throw error;
        forgetWritten();
        out.rewind(0, 0);
        writeCarefully(completed.root, (errors ??= new FieldErrors()), completed.arrivals);
      }
      body = out.take();
    } catch (error) {
      out.discard();
      if (!(error instanceof ResultOverflow)) throw error;
      if (error.kind === 'objects') results.exceedResults(error.count);
      else results.exceedBytes(error.count);
    }
  }
  if (results.error) return { body: NO_DATA, errors: [results.error] };
  return { body, errors: errors ? errors.located(selected) : NO_ERRORS };
}

function writeData(root: LiveObject): void {
  out.literal(DATA);
  writeValue(out, root.plan, root);
  out.literal(END);
}

function writeCarefully(root: LiveObject, errors: FieldErrors, arrivals: Completed['arrivals']): void {
  out.literal(DATA);
  new CarefulWriter(out, errors, arrivals).writeObject(root, undefined);
  out.literal(END);
}
