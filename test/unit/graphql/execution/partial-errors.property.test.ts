import fc from 'fast-check';
import {
  buildSchema,
  execute,
  parse,
  type ExecutionResult,
  type GraphQLError,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
} from 'graphql';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ResultMeter } from '../../../../src/graphql/context/result-meter';
import { CodeCache } from '../../../../src/graphql/execution/code-cache';
import { PreparedOperation } from '../../../../src/graphql/execution/compiled-operation';
import { Fallback } from '../../../../src/graphql/execution/fallback';

const schema = buildSchema(`
  type Query { node: Node nodes: [Node] }
  type Node {
    name: String
    id: ID!
    item: Item
    items: [Item!]
    leaf: String
    leafOrFail: String!
    node: Node
    nodeOrFail: Node!
    nodes: [Node]
    nodesOrFail: [Node!]!
    records: [Item]
  }
  type Item { label: String count: Int part: Item parts: [Item] must: String! }
`);

type World = (place: string) => number;
interface Context {
  readonly world: World;
  readonly waiting: { readonly due: number; readonly settle: () => void }[];
  readonly results: ResultMeter;
}

/** What says when something is there: that of a field, or of a list's member. */
const IS_MOMENT = /\?$|\*\d+$/;
const AT_ONCE = 3;

/**
 * A number that depends on a place and a seed alone: both executions meet the same world.
 * @param atOnce whether all is there at once, so that nothing but places decides on the order of errors
 */
function toWorld(seed: number, failures: number, atOnce: boolean): World {
  return (place) => {
    if (atOnce && IS_MOMENT.test(place)) return AT_ONCE;
    let hash = seed | 1;
    for (const character of place) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
    hash = (hash ^ (hash >>> 15)) >>> 0;
    return hash % 100 < failures ? 0 : (hash % 50) + 1;
  };
}

class Item {
  readonly #place: string;
  readonly #world: World;

  constructor(place: string, world: World) {
    this.#place = place;
    this.#world = world;
  }

  get label(): string | null {
    return this.#read('label', 'a label');
  }

  get count(): number | null {
    return this.#read('count', 3);
  }

  get must(): string | null {
    return this.#read('must', 'must');
  }

  get part(): Item | null {
    return this.#place.length > 60 ? null : this.#read('part', new Item(`${this.#place}.part`, this.#world));
  }

  get parts(): (Item | null)[] | null {
    return this.#place.length > 60 ? null : this.#read('parts', items(`${this.#place}.parts`, this.#world));
  }

  #read<T>(name: string, value: T): T | null {
    const place = `${this.#place}.${name}`;
    const luck = this.#world(place);
    if (luck === 0) throw new Error(`${place} cannot be read`);
    return luck === 1 ? null : value;
  }
}

function items(place: string, world: World): (Item | null)[] {
  return Array.from({ length: (world(`${place}#`) % 4) + 1 }, (_, index) =>
    world(`${place}.${index}`) === 1 ? null : new Item(`${place}.${index}`, world),
  );
}

const keyOf = (path: GraphQLResolveInfo['path'] | undefined): string => (path ? `${keyOf(path.prev)}/${path.key}` : '');

/** The value of a field: at once, by a promise, late, or not at all. */
function resolveField(_source: unknown, _args: unknown, { world, waiting }: Context, info: GraphQLResolveInfo): unknown {
  const place = keyOf(info.path);
  const luck = world(place);
  const make = (): unknown => {
    if (luck === 0) throw new Error(`${place} failed`);
    if (luck === 1) return null;
    if (luck === 2) return new Error(`${place} is an error`);
    switch (info.fieldName) {
      case 'item':
        return new Item(place, world);
      case 'items':
      case 'records':
        return items(place, world);
      case 'leaf':
      case 'leafOrFail':
        return 'a leaf';
      case 'nodes':
        return Array.from({ length: world(`${place}#`) % 4 }, (_, index) =>
          later(world(`${place}*${index}`), waiting, () => node(`${place}*${index}`, world)),
        );
      case 'nodesOrFail':
        // Never at once: graphql-js would abandon promises of a list that fails while it is gone through.
        return Array.from({ length: world(`${place}#`) % 4 }, (_, index) =>
          later(world(`${place}*${index}`) % 2 === 0 ? 1 : 2, waiting, () => node(`${place}*${index}`, world)),
        );
      default:
        return node(place, world);
    }
  };
  const luckOfTime = world(`${place}?`);
  return luckOfTime % 3 === 0 ? make() : later(luckOfTime, waiting, make);
}

function node(place: string, world: World): object | null {
  if (world(`${place}!`) === 0) throw new Error(`${place}! failed`);
  return {
    id: '1',
    get name() {
      if (world(`${place}.name`) === 0) throw new Error(`${place}.name cannot be read`);
      return 'a name';
    },
  };
}

/** What is thrown for a list's item at once is returned: a resolver that threw would abandon the promises before it. */
function attempt(make: () => unknown): unknown {
  try {
    return make();
  } catch (error) {
    return error;
  }
}

function later(luck: number, waiting: Context['waiting'], make: () => unknown): unknown {
  if (luck % 3 === 0) return attempt(make);
  if (luck % 3 === 1) return Promise.resolve().then(make);
  return new Promise((resolve) => {
    waiting.push({ due: luck % 7, settle: () => resolve(Promise.resolve().then(make)) });
  }).then((value) => value);
}

for (const type of [schema.getQueryType(), schema.getType('Node')] as GraphQLObjectType[])
  for (const field of Object.values(type.getFields())) if (!['id', 'name'].includes(field.name)) field.resolve = resolveField;

const alias = fc.constantFrom('', '', 'a_', 'b_');
const leaves = (names: string[]): fc.Arbitrary<string> =>
  fc.tuple(alias, fc.constantFrom(...names)).map(([prefix, name]) => (prefix ? `${prefix}${name}: ${name}` : name));
const item = fc.letrec<{ set: string }>((tie) => ({
  set: fc
    .array(
      fc.oneof(
        { maxDepth: 3 },
        leaves(['label', 'count', 'must', '__typename']),
        fc
          .tuple(alias, fc.constantFrom('part', 'parts'), tie('set'))
          .map(([prefix, name, set]) => `${prefix ? `${prefix}${name}: ` : ''}${name} ${set}`),
        tie('set').map((set) => `... on Item ${set}`),
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map((parts) => `{ ${parts.join(' ')} }`),
})).set;
const nodeSet = fc.letrec<{ set: string }>((tie) => ({
  set: fc
    .array(
      fc.oneof(
        { maxDepth: 4 },
        leaves(['name', 'id', 'leaf', 'leafOrFail', '__typename']),
        fc
          .tuple(alias, fc.constantFrom('item', 'items', 'records'), item)
          .map(([prefix, name, set]) => `${prefix ? `${prefix}${name}: ` : ''}${name} ${set}`),
        fc
          .tuple(alias, fc.constantFrom('node', 'nodes', 'nodeOrFail', 'nodesOrFail'), tie('set'))
          .map(([prefix, name, set]) => `${prefix ? `${prefix}${name}: ` : ''}${name} ${set}`),
        fc.constant('...Shared'),
        tie('set').map((set) => `... on Node ${set}`),
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map((parts) => `{ ${parts.join(' ')} }`),
})).set;
const operation = fc
  .tuple(nodeSet, nodeSet, item)
  .map(([one, many, shared]) => `{ node ${one} nodes ${many} again: node ${one} } fragment Shared on Node { leaf item ${shared} }`);

const toPlain = (errors: readonly GraphQLError[]): unknown[] =>
  errors.map((error) => ({ ...error.toJSON(), cause: error.originalError?.message }));

/** Whether an error is of a value that is read when it is written. */
const isPlain = (error: GraphQLError): boolean => ['cannot be read', 'Item.', 'Node.items'].some((part) => error.message.includes(part));

/**
 * The errors without those of plain values in what a resolver's error has made null: the compiled execution never reads such
 * values, and no client sees them.
 */
function shownErrors({ data, errors = [] }: ExecutionResult): readonly GraphQLError[] {
  const isBelow = (path: GraphQLError['path'], prefix: GraphQLError['path'] = []): boolean =>
    prefix.every((key, index) => path?.[index] === key);
  return errors.filter((error) => {
    if (!isPlain(error)) return true;
    const nulled = nullIn(data, error.path ?? []);
    return !errors.some((other) => !isPlain(other) && isBelow(other.path, nulled));
  });
}

/** Whether each value that could not be read is null itself: else graphql-js hands its error on, and others may come first. */
const isInOrder = ({ data, errors = [] }: ExecutionResult): boolean =>
  errors.every((error) => !isPlain(error) || nullIn(data, error.path ?? []).length === error.path?.length);

/** The part of a path that leads to null. */
function nullIn(data: unknown, path: readonly (string | number)[]): readonly (string | number)[] {
  let value = data;
  for (const [index, key] of path.entries()) {
    if (value === null || value === undefined) return path.slice(0, index);
    value = (value as Record<string | number, unknown>)[key];
  }
  return path;
}

/** Runs an execution, and lets what is late come in the order in which it is due. */
async function drive<T>(context: Context, start: () => T | Promise<T>): Promise<T> {
  const state = { isOver: false };
  const result = Promise.resolve(start()).finally(() => (state.isOver = true));
  result.catch(() => undefined);
  while (!state.isOver) {
    await nextTurn();
    const next = [...context.waiting].sort((a, b) => a.due - b.due)[0];
    if (!next) continue;
    for (const each of context.waiting.filter((other) => other.due === next.due)) each.settle();
    context.waiting.splice(0, Infinity, ...context.waiting.filter((other) => other.due !== next.due));
  }
  return result;
}

const toContext = (world: World): Context => ({
  world,
  waiting: [],
  results: new ResultMeter({ maxResults: Infinity, maxAnswerBytes: Infinity }),
});

/** With its seed, the first of the nodes is an error, and none of the selected fields has a resolver. */
const ERROR_AS_MEMBER = `{ node { node { ...Shared } } nodes { ... on Node { name } } again: node { node { ...Shared } } }
  fragment Shared on Node { leaf item { ... on Item { part { label } } } }`;

/** Shared, as all operations share one. */
const code = new CodeCache();

describe('An operation in which fields fail', () => {
  it("has graphql-js's data and errors, in its order", async () => {
    const seen = { ordered: 0, covered: 0, failed: 0, fellBack: 0 };
    await fc.assert(
      fc.asyncProperty(operation, fc.integer(), fc.constantFrom(0, 3, 10, 30), fc.boolean(), async (query, seed, failures, atOnce) => {
        const document = parse(query);
        const world = toWorld(seed, failures, atOnce);
        const prepared = new PreparedOperation<Context>(schema, document, document.definitions[0] as never, {
          isRepeatable: () => false,
          onRepeat: () => undefined,
          plans: new Map(),
          code,
        });
        const reference = toContext(world);
        const expected = await drive(reference, () => execute({ schema, document, contextValue: reference }));
        const context = toContext(world);
        const variant = prepared.variant({})!;
        try {
          const { body, errors } = await drive(context, () => prepared.run(variant, {}, context));
          const sorted = isInOrder(expected)
            ? toPlain
            : (all: readonly GraphQLError[]) =>
                toPlain(all).sort((a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
          expect({ data: (JSON.parse(String(body)) as { data: unknown }).data, errors: sorted(errors) }).toEqual({
            data: JSON.parse(JSON.stringify(expected.data)),
            errors: sorted(shownErrors(expected)),
          });
          if (errors.length > 1 && isInOrder(expected)) seen.ordered++;
          seen.covered++;
          if (errors.length > 0) seen.failed++;
        } catch (error) {
          if (!(error instanceof Fallback)) throw error;
          seen.fellBack++;
        }
      }),
      { numRuns: 120, examples: [[ERROR_AS_MEMBER, 2008812622, 30, false]] },
    );
    expect(seen.failed).toBeGreaterThan(40);
    expect(seen.ordered).toBeGreaterThan(8);
    expect(seen.fellBack).toBeLessThan(seen.failed / 10);
  });
});
