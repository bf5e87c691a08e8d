import {
  locatedError,
  responsePathAsArray,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLError,
  type GraphQLObjectType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type ResponsePath,
} from 'graphql';
import { withoutStacks } from '../../runtime/without-stacks';
import { OperationModel, type SelectedField } from '../analysis/operation-model';
import { fallBack } from './fallback';
import { pathsOf, type FieldFailure, type LiveResult } from './live-results';

/** What paths are looked up in. */
export interface SelectedOperation {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly variables: Readonly<Record<string, unknown>>;
}

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

  get count(): number {
    return this.#entries.length;
  }

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
      for (const each of this.#entries) if (each.order === 0 && each !== entry && isBelow(each, at)) each.order = ++this.#order;
    entry.order = ++this.#order;
  }

  /** All errors, located. */
  located(selected: SelectedOperation): GraphQLError[] {
    const entries = this.#order === 0 ? this.#entries : [...this.#entries].sort(compare);
    const nodes = new NodesByPath(selected);
    const locate = (error: unknown, path: ResponsePath): GraphQLError => locatedError(error, nodes.of(path), responsePathAsArray(path));
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

/** Finds where the field of a path stands in the document. Plans are shared by equal selections, and so cannot tell. */
class NodesByPath {
  readonly #model: OperationModel;

  constructor({ schema, operation, fragments, variables }: SelectedOperation) {
    this.#model = new OperationModel({ schema, fragments, variableValues: variables }, operation);
  }

  of(path: ResponsePath): readonly FieldNode[] {
    return this.#fieldOf(path).nodes;
  }

  #fieldOf({ prev, key, typename }: ResponsePath): SelectedField {
    if (typeof key === 'number') return this.#fieldOf(prev as ResponsePath);
    const type = this.#model.source.schema.getType(typename as string) as GraphQLObjectType;
    const parent = prev ? this.#fieldOf(prev) : this.#model;
    return parent.fieldsOf(type).find((field) => field.key === key) as SelectedField;
  }
}
