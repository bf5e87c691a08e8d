import { getIntrospectionQuery, parse } from 'graphql';
import { checkDocument } from '../../../../src/graphql/limits/document-limits';
import { startGateway, type Gateway } from '../../../support/gateway';

const LIMITS = { maxDepth: 5, maxAliases: 10 };
const check = (text: string, limits = LIMITS): string[] => checkDocument(parse(text), limits).map((error) => error.message);

/** `{ customer { contract { customer { … } } } }`, so many fields deep. */
function nested(depth: number): string {
  let text = 'id';
  for (let level = depth - 1; level >= 1; level--)
    text = `${level === 1 ? 'customer(idType: "CPF", id: "1")' : level % 2 === 0 ? 'contract(number: "1")' : 'customer'} { ${level % 2 === 0 && level === depth - 1 ? 'number' : text} }`;
  return `{ ${text} }`;
}

/** The same, with a fragment for each level. */
function nestedByFragments(depth: number, nameOf: (level: number) => string): string {
  const fragments = Array.from({ length: depth - 1 }, (_, i) => {
    const level = i + 1;
    const type = level % 2 === 1 ? 'Customer' : 'Contract';
    const field = level % 2 === 1 ? 'contract(number: "1")' : 'customer';
    return `fragment ${nameOf(level)} on ${type} { ${level === depth - 1 ? '__typename' : `${field} { ...${nameOf(level + 1)} }`} }`;
  });
  return `{ customer(idType: "CPF", id: "1") { ...${nameOf(1)} } } ${fragments.join(' ')}`;
}

const tooDeep = /is nested \d+ fields deep; \d+ are allowed \(MAX_DEPTH\)\. Select fewer levels/;
const tooManyAliases =
  /has \d+ aliases, those in fragments counted each time; \d+ are allowed \(MAX_ALIASES\)\. Use `contracts\(numbers:\)`/;

describe('The limits of a document', () => {
  it('count fields in one another as depth, and say the limit, what was found and what to do', () => {
    expect(check(nested(5))).toEqual([]);
    expect(check(nested(6))).toEqual([
      'The operation is nested 6 fields deep; 5 are allowed (MAX_DEPTH). Select fewer levels, or ask for the inner ones in an operation of their own.',
    ]);
    expect(check(nested(6).replace('{', 'query Deep {'))[0]).toContain('The operation "Deep" is nested 6');
  });

  it('do not count inline fragments as levels, and are not deceived by them either', () => {
    const wrapped = (text: string): string => text.replace(/\{ (?!$)/g, '{ ... { ... @include(if: true) { ').replace(/ \}/g, ' } } }');
    expect(check(wrapped(nested(5)))).toEqual([]);
    expect(check(wrapped(nested(6)))[0]).toMatch(tooDeep);
  });

  it.each([
    ['usual', (level: number) => `F${level}`],
    // The name that graphql-armor's rule takes for introspection.
    ['introspective', (level: number) => (level === 1 ? '__schema' : level === 2 ? '__type' : `__typename${level}`)],
  ])('see through fragments of %s names', (_name, nameOf) => {
    expect(check(nestedByFragments(5, nameOf))).toEqual([]);
    expect(check(nestedByFragments(6, nameOf))[0]).toMatch(tooDeep);
  });

  it('say where the operation stands', () => {
    const [error] = checkDocument(parse(`query Shallow { id }\n${nested(6)}`), LIMITS);
    expect(error!.locations).toEqual([{ line: 2, column: 1 }]);
  });

  it('measure 1000 levels, fragments included, and refuse what is deeper', () => {
    const deep = (levels: number): string => `${'{ a '.repeat(levels)}${'}'.repeat(levels)}`;
    expect(check(deep(1000))[0]).toContain('is nested 1000 fields deep');
    expect(check(deep(1001))[0]).toContain('is nested more than 1000 fields deep');
    const inline = (levels: number): string => `{ ${'... { '.repeat(levels)} a ${'}'.repeat(levels)} }`;
    expect([check(inline(999)), check(inline(1000))]).toEqual([[], [expect.stringContaining('nested more than 1000 fields')]]);
  });

  it('exempt introspection at the root of a query alone', () => {
    const introspection = '{ a { b { c { d { e } } } } }';
    expect([check(`{ __schema ${introspection} }`), check(`{ __type(name: "Q") ${introspection} }`)]).toEqual([[], []]);
    expect([check(`{ __other ${introspection} }`)[0], check(`mutation { __schema ${introspection} }`)[0]]).toEqual([
      expect.stringMatching(tooDeep),
      expect.stringMatching(tooDeep),
    ]);
  });

  it('count the directives of an operation itself', () => {
    const directives = (count: number): string => '@a '.repeat(count);
    expect(check(`query Q ${directives(100)} { id }`)).toEqual([]);
    expect(check(`query Q ${directives(101)} { id }`)[0]).toContain('has 101 directives');
    expect(check(`query Q ${directives(1)} { id ${directives(100)} }`)[0]).toContain('has 101 directives');
  });

  it('say how many aliases there are, up to a million', () => {
    const fragments = [1, 2, 3, 4, 5].map((level) => `fragment F${level} on T { ${`...F${level - 1} `.repeat(10)} }`);
    const ten = Array.from({ length: 10 }, (_, index) => `a${index}: id`).join(' ');
    const document = (more: string): string => `{ ...F5 ${more} } fragment F0 on T { ${ten} } ${fragments.join(' ')}`;
    expect(check(document(''))[0]).toContain('has 1000000 aliases');
    expect(check(document('a: id'))[0]).toContain('has more than a million aliases');
  });

  it('are not passed by a fragment that leads back to itself', () => {
    const aliases = Array.from({ length: 11 }, (_, index) => `a${index}: id`).join(' ');
    expect(check(`{ ...A } fragment A on T { ${aliases} b { ...A } }`)[0]).toContain('has 22 aliases');
    expect(check(`{ ...A } fragment A on T { ...A id ${'@a '.repeat(101)} }`)).toEqual([expect.stringContaining('has 101 directives')]);
  });

  it('measure a fragment by where it is spread, not by where it was first met', () => {
    const fragment = 'fragment F on Customer { contract(number: "1") { customer { id } } }';
    const shallowFirst = `{ customer(idType: "CPF", id: "1") { ...F contract(number: "2") { customer { ...F } } } } ${fragment}`;
    const deepFirst = `${fragment} { customer(idType: "CPF", id: "1") { contract(number: "2") { customer { ...F } } ...F } }`;
    expect([check(shallowFirst), check(deepFirst)].map(([message]) => message)).toEqual([
      expect.stringContaining('nested 6'),
      expect.stringContaining('nested 6'),
    ]);
  });

  it('hold each operation of a document by itself', () => {
    expect(check(`query A ${nested(6)} query B ${nested(3)}`)).toEqual([expect.stringContaining('"A"')]);
    expect(check(`query A ${nested(4)} query B ${nested(4)}`)).toEqual([]);
  });

  it('exempt introspection from depth where it is a root field, and nowhere else', () => {
    expect(check(getIntrospectionQuery())).toEqual([]);
    expect(check('{ ...R } fragment R on Query { __schema { types { fields { type { ofType { ofType { name } } } } } } }')).toEqual([]);
    expect(
      check('{ customer(idType: "CPF", id: "1") { __schema { types { fields { type { ofType { ofType { name } } } } } } } }')[0],
    ).toMatch(tooDeep);
    expect(
      check(
        '{ __type(name: "X") { fields { type { ofType { ofType { name } } } } } customer(idType: "CPF", id: "1") { contract(number: "1") { customer { contract(number: "1") { customer { id } } } } } }',
      )[0],
    ).toMatch(tooDeep);
  });

  it('count aliases, those within introspection and those named like a field included', () => {
    const aliased = (count: number, name = (i: number) => `a${i}`): string =>
      Array.from({ length: count }, (_, i) => `${name(i)}: number`).join(' ');
    const contract = (fields: string): string => `{ customer(idType: "CPF", id: "1") { contract(number: "1") { ${fields} } } }`;
    expect(check(contract(aliased(10)))).toEqual([]);
    expect(check(contract(aliased(11)))[0]).toMatch(tooManyAliases);
    expect(check(contract(aliased(11, (i) => (i === 0 ? '__typename' : `__schema${i}`))))[0]).toMatch(tooManyAliases);
    expect(check(`{ __schema { ${Array.from({ length: 11 }, (_, i) => `t${i}: types { name }`).join(' ')} } }`)[0]).toMatch(tooManyAliases);
  });

  it('count the aliases of a fragment for each time that it is spread', () => {
    const spread = (count: number): string =>
      `{ customer(idType: "CPF", id: "1") { ${Array.from({ length: count }, (_, i) => `contract${i === 0 ? '' : i}${i === 0 ? '' : ': contract'}(number: "${i}") { ...Two }`).join(' ')} } } fragment Two on Contract { a: number b: number }`;
    // Three of its own and twice four.
    expect(check(spread(4), { ...LIMITS, maxAliases: 11 })).toEqual([]);
    expect(check(spread(4))[0]).toContain('has 11 aliases');
    expect(check(spread(5))[0]).toContain('has 14 aliases');
  });

  it('take time by the length of a document and not by what its fragments multiply to', () => {
    const doubling = Array.from(
      { length: 200 },
      (_, i) =>
        `fragment F${i} on Customer { a: contract(number: "1") { customer { ...F${i + 1} } } b: contract(number: "1") { customer { ...F${i + 1} } } }`,
    ).join(' ');
    expect(check(`{ customer(idType: "CPF", id: "1") { ...F0 } } ${doubling} fragment F200 on Customer { id }`)).toEqual([
      expect.stringMatching(tooDeep),
      expect.stringContaining('has more than a million aliases'),
    ]);
  });

  it('count the fields at the root, through fragments', () => {
    const many = (count: number): string => '__typename '.repeat(count);
    expect(check(`{ ${many(20)} }`)).toEqual([]);
    expect(check(`{ ${many(11)} ...R ... on Query { ${many(5)} } } fragment R on Query { ${many(5)} }`)[0]).toMatch(
      /has 21 fields at its root; 20 are allowed/,
    );
    expect(check(`{ ${many(21)} }`, { ...LIMITS, maxAliases: 21 })).toEqual([]);
  });

  it('count directives, repeated and unknown ones included', () => {
    expect(check(`{ __typename ${'@skip(if: false) '.repeat(100)} }`)).toEqual([]);
    expect(check(`{ __typename ${'@x '.repeat(101)} }`)[0]).toMatch(/has 101 directives.+100 are allowed/);
    expect(check(`{ ${'...F '.repeat(3)} } fragment F on Query { __typename ${'@x '.repeat(40)} }`)[0]).toMatch(/has 120 directives/);
  });

  it('survive documents that are not valid: fragments in a circle, missing ones, a thousand levels', () => {
    expect(check('{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }')).toEqual([]);
    expect(check('{ ...Absent }')).toEqual([]);
    expect(check('{ __typename } type Query { x: Int }')).toEqual([]);
    expect(check(`${'{ a '.repeat(1500)}${'}'.repeat(1500)}`)[0]).toContain('nested more than 1000 fields deep');
  });
});

describe('A gateway with the limits', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway({ MAX_DEPTH: '5', MAX_ALIASES: '10', MAX_TOKENS: '500' });
  });
  afterAll(() => gateway.close());

  it('refuses with a 400 and GRAPHQL_VALIDATION_FAILED before any call, with a token and without', async () => {
    for (const token of [undefined, null]) {
      const answer = await gateway.query(nested(6), {}, token === null ? { token } : {});
      expect([answer.status, answer.data, answer.errors.map((error) => error.extensions)]).toEqual([
        400,
        undefined,
        [{ code: 'GRAPHQL_VALIDATION_FAILED' }],
      ]);
      expect(answer.errors[0]!.message).toMatch(tooDeep);
    }
    expect(gateway.upstreamCalls()).toBe(0);
  });

  it('refuses aliased `_entities` past the limit', async () => {
    const answer = await gateway.query(
      `{ ${Array.from({ length: 11 }, (_, i) => `e${i}: _entities(representations: []) { __typename }`).join(' ')} }`,
    );
    expect(answer.errors[0]!.message).toMatch(tooManyAliases);
  });

  it('lets the usual introspection query and `_service` pass', async () => {
    expect((await gateway.query(getIntrospectionQuery(), {}, { token: null })).errors).toEqual([]);
    expect((await gateway.query('{ _service { sdl } }', {}, { token: null })).errors).toEqual([]);
  });

  it('stops reading a document at the limit of tokens, and says what to do', async () => {
    const answer = await gateway.query(`{ ${'__typename '.repeat(600)} }`);
    expect([answer.status, answer.errors.map((error) => error.extensions?.['code'])]).toEqual([400, ['GRAPHQL_PARSE_FAILED']]);
    expect(answer.errors[0]!.message).toBe(
      'The document has more than the 500 tokens that are allowed (MAX_TOKENS). Pass lists as variables, or split the operation.',
    );
  });

  it('says that a document is nested too deeply where its text cannot be read for it', async () => {
    const large = await startGateway({ MAX_TOKENS: '1000000' });
    const answer = await large.query(`{ customer(idType: ${'['.repeat(20_000)}${']'.repeat(20_000)}) { id } }`);
    await large.close();
    expect([answer.status, answer.errors.map((error) => error.extensions?.['code'])]).toEqual([400, ['GRAPHQL_PARSE_FAILED']]);
    expect(answer.errors[0]!.message).toBe('The document is nested too deeply to be read.');
  });
});
