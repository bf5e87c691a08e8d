import fc from 'fast-check';
import { buildSchema, getArgumentValues, parse, type FieldNode, type GraphQLField, type OperationDefinitionNode } from 'graphql';
import { CodeCache } from '../../../../src/graphql/execution/code-cache';
import { compileArguments } from '../../../../src/graphql/execution/compile-arguments';

const schema = buildSchema(`
  input Item { x: Int = 7, y: [Int] }
  type Query { field(plain: Int, withDefault: Int = 5, required: Int!, requiredWithDefault: Int! = 6, list: [Int], item: Item): Int }
`);
const field = schema.getQueryType()!.getFields()['field'] as GraphQLField<unknown, unknown>;

/** Shared, as all operations share one. */
const code = new CodeCache();

const variable = fc.constantFrom('$a', '$b', '$c');
const number = fc.constantFrom('1', '2');
const arg = (name: string, ...values: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.oneof(fc.constant(''), ...values.map((value) => value.map((text) => `${name}: ${text}`)));
const literal = fc.constant('null');
const inList = fc.array(fc.oneof(number, variable, literal), { maxLength: 2 }).map((items) => `[${items.join(', ')}]`);
const inItem = fc.tuple(arg('x', number, variable, literal), arg('y', inList, literal)).map((members) => `{ ${members.join(' ')} }`);
const selection = fc
  .tuple(
    arg('plain', number, variable, literal),
    arg('withDefault', number, variable, literal),
    fc.oneof(number, variable).map((value) => `required: ${value}`),
    arg('requiredWithDefault', number, variable),
    arg('list', inList, variable, literal),
    arg('item', inItem, literal),
  )
  .map((args) => `{ field(${args.join(' ')}) }`);
const variables = fc
  .record({ a: fc.constantFrom(1, null), b: fc.constantFrom(2, null), c: fc.constant(3) }, { requiredKeys: [] })
  .map((values) => Object.assign(Object.create(null) as Record<string, unknown>, values));

const nodeOf = (source: string): FieldNode =>
  (parse(source).definitions[0] as OperationDefinitionNode).selectionSet.selections[0] as FieldNode;

/** Arguments without those that are absent, or the message of what refuses them. */
function outcome(make: () => Readonly<Record<string, unknown>>): unknown {
  try {
    return Object.fromEntries(Object.entries(make()).filter(([, value]) => value !== undefined));
  } catch (error) {
    return (error as Error).message;
  }
}

describe('Compiled arguments', () => {
  it("are graphql-js's, or refused in its words, in each of several executions", () => {
    const seen = { made: 0, refused: 0 };
    fc.assert(
      fc.property(selection, fc.array(variables, { minLength: 1, maxLength: 3 }), (source, executions) => {
        const node = nodeOf(source);
        const compiled = compileArguments(field, node, code);
        for (const values of executions) {
          const found = outcome(() => compiled(values));
          expect([source, found]).toEqual([source, outcome(() => getArgumentValues(field, node, values))]);
          if (typeof found === 'string') seen.refused++;
          else seen.made++;
        }
      }),
      { numRuns: 2000 },
    );
    expect(Math.min(seen.made, seen.refused)).toBeGreaterThan(200);
  });

  it('are made once, and cannot be changed, where no variable is in them', () => {
    const make = compileArguments(field, nodeOf('{ field(required: 1, list: [1, 2], item: { y: [3] }) }'), code);
    expect(make({})).toBe(make({ a: 1 }));
    expect(Object.isFrozen(make({}))).toBe(true);
  });

  it('have a place for each argument in the order of the schema, whatever is given', () => {
    const make = compileArguments(field, nodeOf('{ field(list: $a, required: $b) }'), code);
    const names = ['plain', 'withDefault', 'required', 'requiredWithDefault', 'list', 'item'];
    expect([Object.keys(make({ b: 1 })), Object.keys(make({ a: [1], b: 1 }))]).toEqual([names, names]);
    expect(make({ a: [1], b: 1 })).not.toBe(make({ a: [1], b: 1 }));
  });

  it('are not compiled of names that GraphQL does not have', () => {
    const odd = { ...field, args: [{ ...field.args[0]!, name: 'a: evil(), b' }] } as GraphQLField<unknown, unknown>;
    expect(() => compileArguments(odd, nodeOf('{ field(plain: $a) }'), code)).toThrow('is not a name');
  });
});
