import { parse } from 'graphql';
import { checkDocumentWork, checkText } from '../../../../src/graphql/limits/document-work';

const check = (text: string): string | null => checkDocumentWork(parse(text))?.message ?? null;
const times = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => make(index)).join(' ');

const TOO_MANY_SELECTIONS = expect.stringContaining('more than 5000 selections');
const TOO_MANY_PAIRS = expect.stringContaining('more than 10000 pairs');

describe('The work that a document makes', () => {
  it('is bounded by its selections', () => {
    expect(check(`{ ${times(5000, (index) => `f${index}`)} }`)).toBeNull();
    expect(check(`{ ${times(5001, (index) => `f${index}`)} }`)).toEqual(TOO_MANY_SELECTIONS);
    // The field that has them is one as well.
    expect(check(`{ a { ${times(4999, (index) => `f${index}`)} } }`)).toBeNull();
    expect(check(`{ a { ${times(5000, (index) => `f${index}`)} } }`)).toEqual(TOO_MANY_SELECTIONS);
  });

  it('counts the selections of all operations and fragments together', () => {
    const half = (name: string): string => times(2501, (index) => `${name}${index}`);
    expect(check(`query A { ${half('a')} }`)).toBeNull();
    expect(check(`query A { ${half('a')} } query B { ${half('b')} }`)).toEqual(TOO_MANY_SELECTIONS);
    expect(check(`fragment A on T { ${half('a')} } query B { ${half('b')} }`)).toEqual(TOO_MANY_SELECTIONS);
  });

  it('counts fragments wherever they are spread, and inline fragments', () => {
    const fragment = `fragment F on T { ${times(100, (index) => `f${index}`)} }`;
    // 101 selections for each spread, itself included, and 1 for the alias above it; 100 of the fragment by itself.
    expect(check(`{ ${times(48, (index) => `a${index} { ...F }`)} } ${fragment}`)).toBeNull();
    expect(check(`{ ${times(49, (index) => `a${index} { ...F }`)} } ${fragment}`)).toEqual(TOO_MANY_SELECTIONS);
    expect(check(`{ ${times(2500, (index) => `... { f${index} }`)} }`)).toBeNull();
    expect(check(`{ ${times(2501, (index) => `... { f${index} }`)} }`)).toEqual(TOO_MANY_SELECTIONS);
  });

  it('grows with the square of how often a field is selected', () => {
    // 141 fields are 9,870 pairs; 142 are 10,011.
    expect(check(`{ ${times(141, () => 'f')} }`)).toBeNull();
    expect(check(`{ ${times(142, () => 'f')} }`)).toEqual(TOO_MANY_PAIRS);
    expect(check(`{ ${times(142, () => 'a: f')} }`)).toEqual(TOO_MANY_PAIRS);
    // 9,870 and 120 and 10 pairs are as many as there may be.
    const most = `${times(141, () => 'f')} ${times(16, () => 'g')} ${times(5, () => 'h')}`;
    expect([check(`{ ${most} }`), check(`{ ${most} i i }`)]).toEqual([null, TOO_MANY_PAIRS]);
    expect(check(`{ ${times(142, (index) => `a${index}: f`)} }`)).toBeNull();
  });

  it('merges what is selected of fields that are merged themselves, and of nothing else', () => {
    // 100 times `a` are 4,950 pairs, and the fields below them as many again for each of their keys.
    expect(check(`{ ${times(100, () => 'a { f }')} }`)).toBeNull();
    expect(check(`{ ${times(100, () => 'a { f g }')} }`)).toEqual(TOO_MANY_PAIRS);
    expect(check(`{ ${times(100, (index) => `a${index}: a { f g }`)} }`)).toBeNull();
    expect(check(`{ ${times(100, () => '... { f } ...F')} } fragment F on T { f }`)).toEqual(TOO_MANY_PAIRS);
  });

  it('does not follow a fragment that leads back to itself, and follows it again elsewhere', () => {
    expect(check('{ ...A } fragment A on T { a ...B } fragment B on T { b ...A }')).toBeNull();
    expect(check('{ ...Missing }')).toBeNull();
    const fragment = `fragment F on T { ${times(100, (index) => `f${index} { ...G }`)} } fragment G on T { g }`;
    expect(check(`{ ${times(17, (index) => `a${index} { ...F }`)} } ${fragment}`)).toEqual(TOO_MANY_SELECTIONS);
    expect(check(`{ ${times(15, (index) => `a${index} { ...F }`)} } ${fragment}`)).toBeNull();
  });

  it('grows with the square of how many fragments are spread in one place, whether they exist or not', () => {
    const TOO_MANY_FRAGMENTS = expect.stringContaining('more than 5000 pairs of them');
    const spread = (count: number): string => times(count, (index) => `...F${index}`);
    const fragments = (count: number): string => times(count, (index) => `fragment F${index} on T { f${index} }`);
    // 100 fragments are 4,950 pairs, and 51 another 50.
    for (const defined of ['', fragments(101)]) {
      expect(check(`{ ${spread(100)} ${spread(100)} } ${defined}`)).toBeNull();
      expect(check(`{ ${spread(101)} } ${defined}`)).toEqual(TOO_MANY_FRAGMENTS);
      expect(check(`{ a { ${spread(60)} } a { ${spread(101)} } } ${defined}`)).toEqual(TOO_MANY_FRAGMENTS);
      expect(check(`{ a { ${spread(70)} } b { ${spread(70)} } } ${defined}`)).toBeNull();
    }
    // Those that a fragment spreads are in the same place.
    const chain = times(100, (index) => `fragment F${index} on T { ...F${index + 1} }`);
    expect(check(`{ ...F0 } ${chain}`)).toEqual(TOO_MANY_FRAGMENTS);
  });

  it('is bounded by the operations, of which one is run', () => {
    const operations = (count: number): string => times(count, (index) => `query Q${index} { f }`);
    expect(check(`${operations(100)} fragment F on T { f }`)).toBeNull();
    expect(check(operations(101))).toContain('has 101 operations; 100 are allowed');
  });

  it('is none for more variables that nothing uses than validation would report', () => {
    const declared = (count: number): string => times(count, (index) => `$v${index}: ID = "$v${index}:"`);
    expect(check(`query Q(${declared(20)}) { a }`)).toBeNull();
    expect(check(`query Q(${declared(21)}) { a }`)).toBe(
      'The document declares 21 variables that nothing uses, such as "$v0". Leave them out.',
    );
    // Used in the operation, in a fragment, by a directive, or in a default of an argument.
    expect(check(`query Q(${declared(24)}) { a(b: $v0) ...F c @skip(if: $v1) } fragment F on T { d(e: [$v2, { f: $v3 }]) }`)).toBeNull();
    expect(check(`query Q(${declared(400)}) { a(b: [${times(400, (index) => `$v${index}`)}]) }`)).toBeNull();
  });

  it('is none for the definitions of a schema, which validation refuses', () => {
    expect(check(`type T { ${times(200, () => 'f: Int')} }`)).toBeNull();
  });

  it('is not begun with for a name that is longer than any developer would write', () => {
    expect(check(`{ ${'n'.repeat(128)} }`)).toBeNull();
    expect(check(`{ ${'n'.repeat(129)} }`)).toContain('has 129 characters; 128 are allowed');
    expect(check(`{ field(argument: "${'n'.repeat(1000)}") }`)).toBeNull();
  });
});

describe('A text of a document', () => {
  const found = (text: string, maxTokens = 5000): string | undefined => checkText(text, maxTokens)?.message;

  it('has at most as many characters and lines as its tokens could need', () => {
    expect(found('x'.repeat(160_000))).toBeUndefined();
    expect(found('x'.repeat(160_001))).toContain('The document has 160001 characters; 160000 are allowed (MAX_TOKENS)');
    for (const end of ['\n', '\r', '\r\n']) {
      expect(found(end.repeat(9999))).toBeUndefined();
      expect(found(end.repeat(10_000))).toContain('The document has 10001 lines; 10000 are allowed (MAX_TOKENS)');
    }
  });

  it('may be longer where more tokens are allowed, and not shorter where fewer are', () => {
    expect(found('x'.repeat(320_000), 10_000)).toBeUndefined();
    expect(found('x'.repeat(320_001), 10_000)).toContain('320000 are allowed');
    expect(found('x'.repeat(160_000), 10)).toBeUndefined();
  });
});
