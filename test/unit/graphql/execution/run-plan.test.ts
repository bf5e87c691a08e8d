import {
  buildSchema,
  execute,
  getOperationAST,
  GraphQLError,
  parse,
  responsePathAsArray,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLUnionType,
} from 'graphql';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ResultMeter } from '../../../../src/graphql/context/result-meter';
import { CodeCache } from '../../../../src/graphql/execution/code-cache';
import { PreparedOperation, type CompiledPlan } from '../../../../src/graphql/execution/compiled-operation';
import { Fallback } from '../../../../src/graphql/execution/fallback';
import { planBytes } from '../../../../src/graphql/execution/plan';

type Resolvers = Readonly<Record<string, (place: string) => unknown>>;

interface Context {
  readonly results: ResultMeter;
  readonly resolvers: Resolvers;
  /** Paths of the fields that were resolved. */
  readonly resolved: string[];
}

const schema = buildSchema(`
  type Query { node: Node must: Node! nodes: [Node] box: [Item] things: [Thing] }
  type Node { name: String fails: String! node: Node must: Node! nodes: [Node] ids: [String!] }
  union Item = Pen | Cup
  union Thing = Node | Pen
  type Pen { a: String b: String }
  type Cup { a: String }
`);

for (const name of ['Item', 'Thing'])
  (schema.getType(name) as GraphQLUnionType).resolveType = (value: { kind?: string }) => value.kind ?? 'Pen';

for (const name of ['Query', 'Node'])
  for (const field of Object.values((schema.getType(name) as GraphQLObjectType).getFields()))
    field.resolve = (_source, _args, { resolvers, resolved }: Omit<Context, 'results'>, info) => {
      const place = responsePathAsArray(info.path).join('.');
      resolved.push(place);
      const resolve = resolvers[field.name];
      return resolve ? resolve(place) : field.name === 'nodes' ? [] : {};
    };

/** Prepares an operation, to be executed with functions that resolve its fields by their names. */
function prepare(source: string, repeat?: (info: GraphQLResolveInfo) => void) {
  const document = parse(source);
  const prepared = new PreparedOperation<Context>(schema, document, getOperationAST(document)!, {
    isRepeatable: () => repeat !== undefined,
    onRepeat: (info) => repeat?.(info),
    plans: new Map<string, CompiledPlan>(),
    code: new CodeCache(),
  });
  return async (resolvers: Resolvers) => {
    const results = new ResultMeter({ maxResults: Infinity, maxAnswerBytes: Infinity });
    const context: Context = { results, resolvers, resolved: [] };
    const { body, errors } = await prepared.run(prepared.variant({})!, {}, context);
    const { data } = JSON.parse(String(body)) as { data: unknown };
    return { data, errors: errors.map(({ message, path }) => `${message} ${path?.join('.')}`), resolved: context.resolved };
  };
}

/** Executes an operation by graphql-js as well, and compares. */
function prepareBoth(source: string) {
  const execution = prepare(source);
  const document = parse(source);
  return async (resolvers: Resolvers, number = 0): Promise<void> => {
    const { data, errors } = await execution(resolvers);
    const expected = await execute({ schema, document, contextValue: { resolvers, resolved: [] } });
    expect({ number, data, errors }).toEqual({
      number,
      data: JSON.parse(JSON.stringify(expected.data)) as unknown,
      errors: (expected.errors ?? []).map(({ message, path }) => `${message} ${path?.join('.')}`),
    });
  };
}

const run = (source: string, resolvers: Resolvers) => prepare(source)(resolvers);

const late = async (turns: number, value: unknown = {}): Promise<unknown> => {
  for (let turn = 0; turn < turns; turn++) await nextTurn();
  if (value instanceof Error) throw value;
  return value;
};

describe('Equal aliases of a field that may be executed once', () => {
  const source = '{ node { name } again: node { name } }';

  it('are, and the others are accounted for', async () => {
    const repeated: string[] = [];
    const execution = prepare(source, ({ path }) => void repeated.push(String(path.key)));
    const { data, errors, resolved } = await execution({ name: () => 'a' });
    expect({ data, errors }).toEqual({ data: { node: { name: 'a' }, again: { name: 'a' } }, errors: [] });
    expect([resolved, repeated]).toEqual([['node', 'node.name'], ['again']]);
  });

  it('are left to graphql-js where they cannot be accounted for', async () => {
    const repeat = (): never => {
      throw new Error('refused');
    };
    await expect(prepare(source, repeat)({ name: () => 'a' })).rejects.toBeInstanceOf(Fallback);
  });
});

/** What a field does, by its number. */
const DEEDS: readonly ((value: unknown) => unknown)[] = [
  (value) => value,
  (value) => Promise.resolve(value),
  () => {
    throw new Error('at once');
  },
  () => Promise.reject(new Error('by its promise')),
];

/** Microtasks after which another field fails, at most: no failure in these operations takes longer. */
const TICKS = 9;

const rejectAfter = async (microtasks: number): Promise<never> => {
  for (let tick = 0; tick < microtasks; tick++) await Promise.resolve();
  throw new Error(`after ${microtasks}`);
};

describe('A small operation of which any fields fail', () => {
  it.each([
    ['objects', '{ a: node { must { fails } } b: node { name fails } }', ['a.must', 'a.must.fails', 'b.name', 'b.fails']],
    ['a list', '{ nodes { fails } b: node { nodes { fails } } }', ['nodes.0.fails', 'nodes.1.fails', 'b.nodes', 'b.nodes.1.fails']],
    ['the root', '{ must { fails name } a: node { fails } }', ['must', 'must.fails', 'must.name', 'a.fails']],
    [
      'several fields of an object',
      '{ a: node { must { fails } fails name } b: node { fails } }',
      ['a.must', 'a.must.fails', 'a.fails', 'b.fails'],
    ],
    [
      'objects in objects',
      '{ a: node { must { must { fails } } } b: node { must { fails } } }',
      ['a.must.must', 'a.must.must.fails', 'b.must', 'b.must.fails'],
    ],
  ])('has the data and errors that graphql-js has, in its order: %s', async (_what, source, places) => {
    const compare = prepareBoth(source);
    for (let number = 0; number < DEEDS.length ** places.length; number++) {
      const deedOf = new Map(places.map((place, index) => [place, DEEDS[Math.floor(number / DEEDS.length ** index) % DEEDS.length]!]));
      const act =
        (value: () => unknown) =>
        (place: string): unknown =>
          deedOf.get(place)?.(value()) ?? value();
      const object = act(() => ({}));
      const leaf = act(() => 'x');
      const nodes = act(() => [{}, Promise.resolve({})]);
      await compare({ node: object, must: object, fails: leaf, name: leaf, nodes }, number);
    }
  });

  it.each([
    ['an object that cannot be null', '{ a: node { must { fails } } b: node { fails } }', ['a.must', 'a.must.fails']],
    ['objects in objects', '{ a: node { must { must { fails } } } b: node { fails } }', ['a.must', 'a.must.must', 'a.must.must.fails']],
    ['an object that waits for another field', '{ a: node { name fails } b: node { fails } }', ['a', 'a.name', 'a.fails']],
    ['an object that waits in another', '{ a: node { must { name fails } } b: node { fails } }', ['a.must', 'a.must.name', 'a.must.fails']],
    ['a list', '{ a: node { ids } b: node { fails } }', ['a', 'a.ids']],
    ['members of a list', '{ nodes { must { fails } } b: node { fails } }', ['nodes', 'nodes.1.must', 'nodes.1.must.fails']],
  ])(
    'has errors in the order of graphql-js, at whichever microtask another field fails than those of %s',
    async (_what, source, places) => {
      const compare = prepareBoth(source);
      for (let number = 0; number < TICKS * DEEDS.length ** places.length; number++) {
        const ticks = number % TICKS;
        const deedOf = new Map(
          places.map((place, index) => [place, DEEDS[Math.floor(number / TICKS / DEEDS.length ** index) % DEEDS.length]!]),
        );
        const act =
          (value: () => unknown) =>
          (place: string): unknown => {
            const deed = deedOf.get(place);
            if (deed) return deed(value());
            return place === 'b.fails' ? rejectAfter(ticks) : value();
          };
        const object = act(() => ({}));
        const nodes = act(() => [{}, Promise.resolve({})]);
        const ids = (place: string): unknown => {
          const list = (): unknown => ['a', rejectAfter(0)];
          const deed = DEEDS.indexOf(deedOf.get(place) ?? DEEDS[0]!);
          return deed < 2 ? (deed === 0 ? list() : Promise.resolve().then(list)) : deedOf.get(place)!(null);
        };
        await compare({ node: object, must: object, fails: act(() => 'x'), name: act(() => 'x'), nodes, ids }, number);
      }
    },
  );

  it.each<[string, string, Resolvers]>([
    ['nothing', '{ node { name } nodes { name } }', { node: () => undefined, nodes: () => null }],
    ['nothing where there has to be something', '{ node { must { name } fails } must { name } }', { must: () => null, fails: () => null }],
    ['an Error', '{ node { name } }', { name: () => new Error('returned') }],
    [
      'values of a union, with resolvers and without',
      '{ things { ... on Node { name } ... on Pen { a } } }',
      { things: () => [{ kind: 'Node' }, { a: 'A' }, null], name: () => 'n' },
    ],
    ['values of a union without resolvers', '{ things { ... on Pen { a } } }', { things: () => [{ a: 'A' }, null] }],
    ['a list of promises', '{ node { ids } }', { ids: () => [Promise.resolve('a'), 'b'] }],
  ])('has the data and errors that graphql-js has, where there is %s', async (_what, source, resolvers) => {
    await prepareBoth(source)(resolvers);
  });

  it.each<[string, Resolvers]>([
    ['an object', { node: () => 7 }],
    ['a list', { node: () => ({}), nodes: () => ({}) }],
  ])('is left to graphql-js where a value is not %s', async (_what, resolvers) => {
    await expect(run('{ node { nodes { name } } }', resolvers)).rejects.toBeInstanceOf(Fallback);
    await expect(
      run('{ node { nodes { name } } }', { ...resolvers, node: () => Promise.resolve(resolvers['node']?.('node')) }),
    ).rejects.toBeInstanceOf(Fallback);
  });
});

describe('A field that fails at once and cannot be null', () => {
  it('ends the fields of its object after it, while those before it are waited for', async () => {
    const fails = (): never => {
      throw new Error('at once');
    };
    const { data, errors, resolved } = await run('{ node { name fails node { name } } }', { fails, name: () => late(1, 'a') });
    expect({ data, errors }).toEqual({ data: { node: null }, errors: ['at once node.fails'] });
    expect(resolved).toEqual(['node', 'node.name', 'node.fails']);
  });

  it('is the only error of a list, whatever comes for the items before it', async () => {
    const ids = () => [late(1, new Error('later')), new Error('at once')];
    const { data, errors } = await run('{ node { ids } other: node { name } }', { ids, name: () => late(4, 'a') });
    expect({ data, errors }).toEqual({ data: { node: { ids: null }, other: { name: 'a' } }, errors: ['at once node.ids.1'] });
  });
});

describe('What comes for a result that has become null', () => {
  const source = '{ node { fails node { name } nodes { name } } }';
  const fails = (): Promise<unknown> => late(1, new Error('gone'));

  it('is not resolved any further', async () => {
    const { data, errors, resolved } = await run(source, { fails, node: (place) => (place === 'node' ? {} : late(3)) });
    expect({ data, errors }).toEqual({ data: { node: null }, errors: ['gone node.fails'] });
    await late(5);
    expect(resolved).toEqual(['node', 'node.fails', 'node.node', 'node.nodes']);
  });

  it('is not resolved any further while other results are waited for', async () => {
    const waiting = '{ node { fails node { name } } other: node { name } }';
    const { data, resolved } = await run(waiting, {
      fails,
      node: (place) => (place === 'node.node' ? late(3) : {}),
      name: () => late(6, 'b'),
    });
    expect(data).toEqual({ node: null, other: { name: 'b' } });
    expect(resolved).toEqual(['node', 'node.fails', 'node.node', 'other', 'other.name']);
  });

  it('is no unhandled rejection, where it is a list of promises', async () => {
    const seen: unknown[] = [];
    const note = (reason: unknown): void => void seen.push(reason);
    process.on('unhandledRejection', note);
    const { data } = await run(source, { fails, nodes: () => late(3).then(() => [late(2, new Error('a member'))]) });
    await late(8);
    process.off('unhandledRejection', note);
    expect([data, seen]).toEqual([{ node: null }, []]);
  });

  it('is no unhandled rejection, where a member of a list before it has failed', async () => {
    const seen: unknown[] = [];
    const note = (reason: unknown): void => void seen.push(reason);
    process.on('unhandledRejection', note);
    const ids = () => [new Error('a member'), late(1, new Error('another'))];
    const { data, errors } = await run('{ node { ids } }', { ids });
    await late(3);
    process.off('unhandledRejection', note);
    expect([data, errors, seen]).toEqual([{ node: { ids: null } }, ['a member node.ids.0'], []]);
  });
});

describe('A response of which too many fields fail', () => {
  it('is replaced by one error, as soon as they do', async () => {
    const { errors, data } = await run('{ nodes { name } }', {
      nodes: () => Array.from({ length: 1100 }, () => ({})),
      name: () => new GraphQLError('gone'),
    });
    expect([data, errors]).toEqual([null, [expect.stringMatching(/^More than \d+ fields and list members of the operation fail/)]]);
  });
});

describe('The memory of a plan', () => {
  const bytesOf = (source: string): number => {
    const document = parse(source);
    const options = { isRepeatable: () => false, onRepeat: () => undefined, plans: new Map<string, CompiledPlan>(), code: new CodeCache() };
    return planBytes(new PreparedOperation(schema, document, getOperationAST(document)!, options).variant({}));
  };
  it.each([
    ['one field', '{ node { name } }', 2, 2],
    ['lists', '{ nodes { nodes { name } } }', 3, 3],
    ['equal selections, which share a plan', '{ a: node { name } b: node { name } }', 3, 4],
    ['a union', '{ box { ... on Pen { a b } ... on Cup { a } } }', 4, 4],
  ])('is estimated by its fields and those of its model, with %s', (_what, source, fields, selected) => {
    expect(bytesOf(source)).toBe(3000 + fields * 1500 + selected * 300);
  });

  it('is that of a small object where there is none', () => {
    expect(planBytes(null)).toBe(3000);
  });
});

describe('A result that cannot be written', () => {
  it.each([
    ['at once', () => ({})],
    ['later', () => late(2)],
  ])('is left to graphql-js, where its fields come %s', async (_when, node) => {
    await expect(run('{ node { ids } must { name } }', { node, must: node, ids: () => ['a', {}] })).rejects.toBeInstanceOf(Fallback);
  });
});
