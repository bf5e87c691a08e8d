import fc from 'fast-check';
import { toExactJson } from '../../../../../src/graphql/analysis/variables/request-json';
import { largestShapeOf } from '../../../../../src/http/request/json/json-shape';
import { ExcessiveJson, MAX_NUMERIC_NAMES, parseLargeJson } from '../../../../../src/http/request/json/large-json';

const MOST = largestShapeOf(256 * 1024);
const parse = (text: string): unknown => parseLargeJson(text, MOST);

/** What `JSON.parse` makes of it; undefined where it is no JSON. */
function expected(text: string): unknown {
  try {
    JSON.parse(text);
    return JSON.parse(toExactJson(text));
  } catch {
    return undefined;
  }
}

function found(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError);
    return undefined;
  }
}

const list = (count: number, of: (index: number) => string): string => Array.from({ length: count }, (_, index) => of(index)).join(',');

describe('Large JSON', () => {
  it('is parsed as JSON.parse does', () => {
    const stringUnit = fc.constantFrom('a', '"', '\\', '/', '\n', '\u0001', 'ñ', '漢', '😀', '\ud800', ' ', 'xyz');
    const written = fc.tuple(fc.jsonValue({ stringUnit, maxDepth: 5 }), fc.constantFrom(undefined, 1, '\t'));
    fc.assert(
      fc.property(written, ([value, space]) => {
        const text = JSON.stringify(value, null, space);
        expect(found(text)).toEqual(expected(text));
      }),
      { numRuns: 1000 },
    );
  });

  it('has the numbers of JSON.parse, but for those that lose digits', () => {
    const digits = fc.oneof(fc.constantFrom('0', '1', '00', '9007199254740991', '9007199254740993'), fc.stringMatching(/^[0-9]{0,24}$/));
    const exponent = fc.oneof(fc.constant(''), fc.stringMatching(/^[eE][+-]?[0-9]{0,3}$/));
    const fraction = fc.oneof(fc.constant(''), fc.stringMatching(/^\.[0-9]{0,20}$/), fc.constantFrom('.0', '.00000'));
    const number = fc.tuple(fc.constantFrom('', '-'), digits, fraction, exponent).map((parts) => parts.join(''));
    fc.assert(
      fc.property(number, (text) => {
        const [one] = (found(`[${text}]`) ?? []) as unknown[];
        const [other] = (expected(`[${text}]`) ?? []) as unknown[];
        // Numbers that every check refuses: one that is not exact stands for them.
        const isRefused = (value: unknown): boolean => Math.abs(Number(value)) >= 1e300;
        if (isRefused(other)) expect(isRefused(one)).toBe(true);
        else expect(one).toEqual(other);
      }),
      { numRuns: 5000 },
    );
  });

  it('is refused wherever JSON.parse refuses it', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      '\\',
      '\\u12',
      '1',
      '-',
      '.',
      'e',
      'true',
      'nul',
      'null',
      ' ',
      '\t',
      '\u00a0',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        expect(found(text)).toEqual(expected(text));
      }),
      { numRuns: 5000 },
    );
  });

  it('keeps texts of every length', () => {
    for (let length = 0; length < 40; length++)
      for (const end of ['', '\n', 'ñ', '"']) {
        const text = 'abcdefghijklmnopqrstuvwxyz0123456789abcdef'.slice(0, length) + end;
        expect(parse(JSON.stringify([text, text]))).toEqual([text, text]);
      }
  });

  it('has no names that reach for a prototype', () => {
    for (const text of ['{"__proto__":1}', '[{"a":{"__proto__":{}}}]', '{"\\u005f_proto__":1}', '{"constructor":{"prototype":{}}}'])
      expect(() => parse(text)).toThrow(SyntaxError);
    expect(parse('{"constructor":1,"a":{"constructor":{"x":1}}}')).toEqual({ constructor: 1, a: { constructor: { x: 1 } } });
  });

  it('has few names that begin with a digit, each of which would be an array of its own', () => {
    const text = (count: number): string => `[${list(count, () => '{"1899":1}')},{"a1":1,"":"7"}]`;
    expect(parse(text(MAX_NUMERIC_NAMES))).toHaveLength(MAX_NUMERIC_NAMES + 1);
    expect(() => parse(text(MAX_NUMERIC_NAMES + 1))).toThrow(ExcessiveJson);
    expect(() => parse(`[${list(MAX_NUMERIC_NAMES + 1, () => '{"\\u0031":1}')}]`)).toThrow(ExcessiveJson);
  });

  it('has objects of few different names only, and is neither deep nor made of too many containers', () => {
    const names = (count: number): string => `{${list(count, (index) => `"n${index}":1`)}}`;
    expect(Object.keys(parse(names(1900)) as object)).toHaveLength(1900);
    expect(() => parse(names(2100))).toThrow(ExcessiveJson);
    expect(() => parse(`[${list(90, (row) => `{${list(40, (index) => `"${((row + 1) * (index + 1)) % 97}":1`)}}`)}]`)).toThrow(
      ExcessiveJson,
    );
    // As many of the same ones as there is room for.
    expect(parse(`[${list(5000, (index) => `{"number":"${index}","customer":{"id":"1","idType":"RUC"}}`)}]`)).toHaveLength(5000);
    expect(() => parse('['.repeat(101))).toThrow(ExcessiveJson);
    expect(() => parse(`[${list(MOST.containers, () => '{}')}]`)).toThrow(ExcessiveJson);
  });
});
