import { locatedError, responsePathAsArray, type GraphQLError, type ResponsePath } from 'graphql';
import { withoutStacks } from '../../runtime/without-stacks';
import type { OperationModel } from '../analysis/operation-model';
import { fallBack } from './fallback';
import { pathsOf, type FieldFailure, type LiveResult } from './live-results';

/** When an error was met: errors are listed in the order in which graphql-js would have met them. */
interface Moment {
  readonly turn: number;
  /** Whether it was met after all that was completed in its turn. */
  readonly late: boolean;
}

interface Entry extends Moment {
  readonly error: unknown;
  readonly paths: readonly ResponsePath[];
  /** The place in the response; for errors that were met in one turn. */
  order: number;
}

/**
 * The errors of one execution (GraphQL specification, section 6.4.4). They are noted where they are met and located when
 * all are known, so that an execution without errors keeps no paths.
 */
export class FieldErrors {
  readonly #entries: Entry[] = [];
  readonly #bySlot = new Map<LiveResult, Map<number, Entry>>();
  #order = 0;

  /** Notes the error that puts null into a slot. */
  add({ error, live, slot }: FieldFailure, nulled: { readonly live: LiveResult; readonly slot: number }, moment: Moment): void {
    const paths = pathsOf(live, slot);
    // An error that was located by what threw it has the path of one alias alone.
    if (paths.length > 1 && isLocated(error)) fallBack('an error below a field that several aliases share');
    const entry: Entry = { error, paths, ...moment, order: 0 };
    this.#entries.push(entry);
    let slots = this.#bySlot.get(nulled.live);
    if (!slots) this.#bySlot.set(nulled.live, (slots = new Map<number, Entry>()));
    slots.set(nulled.slot, entry);
  }

  /** Notes an error of a value that was read when it was written. */
  addPlain(error: unknown, path: ResponsePath, turn: number): void {
    this.#entries.push({ error, paths: [path], turn, late: false, order: ++this.#order });
  }

  /** To be called in the order of the response for each slot, so that errors of one turn are listed in that order. */
  pass(live: LiveResult, slot: number): void {
    const entry = this.#bySlot.get(live)?.get(slot);
    if (!entry) return;
    const [at] = pathsOf(live, slot).map(responsePathAsArray);
    // Errors that were noted below, before an error of a field that cannot be null has come up to here.
    if (at && responsePathAsArray(entry.paths[0]).length > at.length)
      for (const each of this.#entries) if (isBelow(each, at)) each.order = ++this.#order;
    entry.order = ++this.#order;
  }

  /** All errors with locations. Equal selections share a plan, so only the model knows where a field is in the document. */
  located(model: OperationModel): GraphQLError[] {
    const entries = this.#order === 0 ? this.#entries : [...this.#entries].sort(compare);
    const locate = (error: unknown, path: ResponsePath): GraphQLError =>
      locatedError(error, model.fieldAt(path).nodes, responsePathAsArray(path));
    // Each takes the stack of the error that it locates.
    return withoutStacks(() => entries.flatMap(({ error, paths }) => paths.map((path) => locate(error, path))));
  }
}

function compare(a: Entry, b: Entry): number {
  return a.turn - b.turn || Number(a.late) - Number(b.late) || (a.late ? 0 : a.order - b.order);
}

function isBelow({ paths }: Entry, prefix: readonly (string | number)[]): boolean {
  const path = responsePathAsArray(paths[0]);
  return prefix.every((key, index) => path[index] === key);
}

function isLocated(error: unknown): boolean {
  return Array.isArray((error as { readonly path?: unknown } | null | undefined)?.path);
}
