import {
  buildSchema,
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
  /** Paths of the fields that were resolved. */
  readonly resolved: string[];
}

const schema = buildSchema(`
  type Query { node: Node must: Node! nodes: [Node] box: [Item] }
  type Node { name: String fails: String! node: Node must: Node! nodes: [Node] ids: [String!] }
  union Item = Pen | Cup
  type Pen { a: String b: String }
  type Cup { a: String }
`);

(schema.getType('Item') as GraphQLUnionType).resolveType = () => 'Pen';

/** Executes an operation whose fields are resolved by the functions of their names. */
async function run(source: string, resolvers: Resolvers, options: { repeat?: (info: GraphQLResolveInfo) => void } = {}) {
  for (const name of ['Query', 'Node'])
    for (const field of Object.values((schema.getType(name) as GraphQLObjectType).getFields()))
      field.resolve = (_source, _args, { resolved }: Context, info) => {
        const place = responsePathAsArray(info.path).join('.');
        resolved.push(place);
        return resolvers[field.name]?.(place) ?? (field.name === 'nodes' ? [] : {});
      };
  const context: Context = { results: new ResultMeter({ maxResults: Infinity, maxAnswerBytes: Infinity }), resolved: [] };
  const document = parse(source);
  const { repeat } = options;
  const prepared = new PreparedOperation<Context>(schema, document, getOperationAST(document)!, {
    isRepeatable: () => repeat !== undefined,
    onRepeat: (info) => repeat?.(info),
    plans: new Map<string, CompiledPlan>(),
    code: new CodeCache(),
  });
  const { body, errors } = await prepared.run(prepared.variant({})!, {}, context);
  const { data } = JSON.parse(String(body)) as { data: unknown };
  return { data, errors: errors.map(({ message, path }) => `${message} ${path?.join('.')}`), resolved: context.resolved };
}

const late = async (turns: number, value: unknown = {}): Promise<unknown> => {
  for (let turn = 0; turn < turns; turn++) await nextTurn();
  if (value instanceof Error) throw value;
  return value;
};

describe('Equal aliases of a field that may be executed once', () => {
  const source = '{ node { name } again: node { name } }';

  it('are, and the others are accounted for', async () => {
    const repeated: string[] = [];
    const { data, errors, resolved } = await run(
      source,
      { name: () => 'a' },
      { repeat: ({ path }) => void repeated.push(String(path.key)) },
    );
    expect({ data, errors }).toEqual({ data: { node: { name: 'a' }, again: { name: 'a' } }, errors: [] });
    expect([resolved, repeated]).toEqual([['node', 'node.name'], ['again']]);
  });

  it('are left to graphql-js where they cannot be accounted for', async () => {
    const repeat = (): never => {
      throw new Error('refused');
    };
    await expect(run(source, {}, { repeat })).rejects.toBeInstanceOf(Fallback);
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
