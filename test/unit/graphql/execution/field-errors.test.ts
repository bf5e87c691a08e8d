import { buildSchema, execute, GraphQLError, parse, type GraphQLFieldResolver, type GraphQLObjectType } from 'graphql';
import { ResultMeter } from '../../../../src/graphql/context/result-meter';
import { CodeCache } from '../../../../src/graphql/execution/code-cache';
import { PreparedOperation } from '../../../../src/graphql/execution/compiled-operation';
import { Fallback } from '../../../../src/graphql/execution/fallback';

interface Context {
  readonly results: ResultMeter;
}

const schema = buildSchema(`
  type Query { node: Node nodes: [Node!] later: Node plain: Plain shared: Node }
  type Node { ok: String bad: String must: String! later: String laterMust: String! located: String nothing: String node: Node plain: Plain }
  type Plain { text: String }
`);
const unreadable = {
  get text(): string {
    throw new Error('a text that cannot be read');
  },
};
const fail: GraphQLFieldResolver<unknown, unknown> = (_source, _args, _context, { fieldName }) => {
  throw new Error(`${fieldName} failed`);
};
const failLater: GraphQLFieldResolver<unknown, unknown> = async (_source, _args, _context, { fieldName }) => {
  await Promise.resolve();
  throw new Error(`${fieldName} failed`);
};
const resolvers: Readonly<Record<string, GraphQLFieldResolver<unknown, unknown>>> = {
  ok: () => 'ok',
  bad: fail,
  must: fail,
  laterMust: failLater,
  located: (_source, _args, _context, info) => {
    throw new GraphQLError('located', { path: ['elsewhere'], nodes: info.fieldNodes });
  },
  // Rejects with undefined: a resolver may reject with anything.
  nothing: () => new Promise((_resolve, reject) => queueMicrotask(reject)),
  plain: () => unreadable,
  node: () => ({}),
  nodes: () => [{}, {}],
  shared: () => Promise.resolve({}),
};
for (const type of ['Query', 'Node'])
  for (const field of Object.values((schema.getType(type) as GraphQLObjectType).getFields()))
    field.resolve = resolvers[field.name] ?? (type === 'Query' ? () => Promise.resolve({}) : failLater);

const toContext = (): Context => ({ results: new ResultMeter({ maxResults: Infinity, maxAnswerBytes: Infinity }) });

function run(query: string): Promise<{ data: unknown; errors: unknown[] }> {
  const document = parse(query);
  const operation = new PreparedOperation<Context>(schema, document, document.definitions[0] as never, {
    isRepeatable: ({ nodes }) => nodes[0].name.value === 'shared',
    onRepeat: () => undefined,
    plans: new Map(),
    code: new CodeCache(),
  });
  return operation.run(operation.variant({})!, {}, toContext()).then(({ body, errors }) => ({
    data: (JSON.parse(String(body)) as { data: unknown }).data,
    errors: errors.map((error) => error.toJSON()),
  }));
}

async function runByRules(query: string): Promise<{ data: unknown; errors: unknown[] }> {
  const { data, errors = [] } = await execute({ schema, document: parse(query), contextValue: toContext() });
  return JSON.parse(JSON.stringify({ data, errors })) as { data: unknown; errors: unknown[] };
}

describe('Errors of fields', () => {
  it("are in graphql-js's order, those of values that are read last among them", async () => {
    for (const query of [
      '{ before: plain { text } node { bad must } after: plain { text } }',
      '{ first: node { bad } before: plain { text } node { bad node { bad must } ok } after: plain { text } last: node { bad } }',
      '{ before: plain { text } nodes { bad node { bad must } } after: plain { text } }',
      '{ node { plain { text } bad later } plain { text } later { bad must } }',
      '{ node { ok laterMust } plain { text } nodes { plain { text } bad } }',
      '{ nodes { bad must plain { text } } plain { text } }',
      '{ node { located } }',
      '{ node { a: node { bad must } b: node { bad } must } plain { text } }',
    ])
      expect({ query, ...(await run(query)) }).toEqual({ query, ...(await runByRules(query)) });
  });

  it('are those of each alias where one execution serves several', async () => {
    const query = '{ shared { ok bad nothing node { later } } again: shared { ok bad nothing node { later } } }';
    const sorted = ({ data, errors }: { data: unknown; errors: unknown[] }) => ({
      data,
      errors: errors.map((error) => JSON.stringify(error)).sort(),
    });
    expect(sorted(await run(query))).toEqual(sorted(await runByRules(query)));
  });

  it('are left to graphql-js where an error says itself which alias it is of', async () => {
    await expect(run('{ shared { located } again: shared { located } }')).rejects.toThrow(Fallback);
    expect((await run('{ shared { located } }')).errors).toHaveLength(1);
  });
});
