import { execute, getIntrospectionQuery, Kind, parse, print, validate, visit, type IntrospectionOptions } from 'graphql';
import { countIntrospection, IntrospectionLimit } from '../../../../src/graphql/limits/introspection-limit';
import { buildServedSchema } from '../../../../src/graphql/schema/subgraph';

const schema = buildServedSchema();
const limit = new IntrospectionLimit(schema);
const check = (text: string): string | null => limit.check(parse(text))?.message ?? null;
const count = (text: string, most = Infinity): number => countIntrospection(parse(text), schema, most);
const times = (number: number, make: (index: number) => string): string => Array.from({ length: number }, (_, i) => make(i)).join(' ');
const TOO_MUCH = expect.stringMatching(/^The introspection has a result of more than \d+ selections, 1\.5 times/);

/** The fields of a result, those of each object counted. */
function countFields(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, member) => sum + countFields(member), 0);
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, member) => sum + 1 + countFields(member), 0);
}

const TYPE_REF = (levels: number): string => `kind name${levels === 0 ? '' : ` ofType { ${TYPE_REF(levels - 1)} }`}`;

describe('The introspection of a document', () => {
  it.each([
    '{ __schema { types { name kind } } }',
    '{ __schema { description queryType { name } mutationType { name } directives { name locations args { name type { name } } } } }',
    '{ __schema { types { name fields(includeDeprecated: true) { name args { name type { name ofType { name } } } type { kind } } } } }',
    '{ __schema { types { possibleTypes { name } interfaces { name } enumValues { name } inputFields { name type { ofType { name } } } } } }',
    '{ __type(name: "Invoice") { name fields { name type { name fields { name } } } } other: __type(name: "Query") { kind } }',
    '{ __type(name: "Nothing") { name fields { name } } }',
  ])('counts the fields of its result: %s', (text) => {
    expect(validate(schema, parse(text))).toEqual([]);
    const { data } = execute({ schema, document: parse(text) }) as { data: unknown };
    expect(count(text)).toBe(countFields(data));
  });

  it('counts what is in fragments, the fragments, and all operations', () => {
    const plain = count('{ __schema { types { name } } }');
    const types = plain - 2;
    expect(count('{ ...Q } fragment Q on Query { __schema { types { ... on __Type { ...T } } } } fragment T on __Type { name }')).toBe(
      plain + 1 + 2 * types,
    );
    expect(count('query A { __schema { types { name } } } query B { __schema { types { name } } }')).toBe(2 * plain);
  });

  it('counts a type that a variable names as all types', () => {
    expect(count('query ($name: String!) { __type(name: $name) { name } }')).toBe(count('{ __schema { types { name } } }') - 1);
  });

  it('counts as true what has a condition', () => {
    const text = (condition: string): string => `query ($is: Boolean!) { __schema { types ${condition} { name } } }`;
    expect(count(text('@include(if: $is)'))).toBe(count(text('@skip(if: true)')));
  });

  it('counts nothing else', () => {
    expect(count('{ __typename customer(idType: "RUC", id: "1") { __typename contract(number: "1") { number } } _service { sdl } }')).toBe(
      3,
    );
  });

  it.each<[string, IntrospectionOptions]>([
    ['as it is', {}],
    ['without descriptions', { descriptions: false }],
    [
      'with everything',
      { specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true, oneOf: true },
    ],
  ])('is allowed to be the query of graphql-js, %s', (_, options) => {
    expect(check(getIntrospectionQuery(options))).toBeNull();
  });

  it('is allowed to be that, with the __typename in every selection that Apollo Client adds', () => {
    const named = visit(parse(getIntrospectionQuery({ inputValueDeprecation: true, schemaDescription: true, oneOf: true })), {
      SelectionSet: {
        leave: (set) => ({ ...set, selections: [...set.selections, { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }] }),
      },
    });
    expect(check(print(named))).toBeNull();
  });

  it('is allowed to be that of tools that follow types more deeply', () => {
    const text = `{ __schema { queryType { name } types { kind name description fields(includeDeprecated: true) { name description
      args { name description type { ${TYPE_REF(9)} } defaultValue } type { ${TYPE_REF(9)} } isDeprecated deprecationReason }
      inputFields { name description type { ${TYPE_REF(9)} } defaultValue } interfaces { ${TYPE_REF(9)} } possibleTypes { ${TYPE_REF(9)} }
      enumValues(includeDeprecated: true) { name description } } directives { name locations args { name type { ${TYPE_REF(9)} } } } } }`;
    expect(check(text)).toBeNull();
    expect(check(`query ($name: String!) { __type(name: $name) { name kind fields { name type { ${TYPE_REF(3)} } } } }`)).toBeNull();
  });

  it.each([
    ['under aliases', `{ ${times(8, (i) => `a${i}: __schema { types { ...T } }`)} }`],
    ['under aliases further down', `{ __schema { ${times(8, (i) => `a${i}: types { ...T }`)} } }`],
    ['in several operations', times(8, (i) => `query Q${i} { __schema { types { ...T } } }`)],
    ['in a fragment', `{ ...Q } fragment Q on Query { ${times(8, (i) => `a${i}: __schema { types { ...T } }`)} }`],
    [
      'from types to types',
      `{ __schema { types { ...T fields { type { ...U } args { type { ...U } } } } } } fragment U on __Type { ${times(40, (i) => `n${i}: name`)} ofType { ...V ofType { ...V ofType { ...V } } } } fragment V on __Type { name description possibleTypes { name kind description } interfaces { name } enumValues { name } inputFields { name } }`,
    ],
  ])('that multiplies is refused: %s', (_, text) => {
    const document = `${text} fragment T on __Type { name fields { name args { name type { name } } type { name ofType { name } } } }`;
    expect(validate(schema, parse(document))).toEqual([]);
    expect(check(document)).toEqual(TOO_MUCH);
  });

  it('is counted no further than to the limit', () => {
    const nested = `${'... on __Type { '.repeat(500)}name${' }'.repeat(500)}`;
    const wide = `{ __schema { ${times(50, (i) => `a${i}: types { fields { type { fields { type { ${nested} } } } } }`)} } }`;
    expect(count(wide, 1000)).toBeLessThan(1000 + 200);
    expect(count(wide)).toBeGreaterThan(1_000_000);
  });
});
