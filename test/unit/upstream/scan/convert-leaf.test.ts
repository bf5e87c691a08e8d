import fc from 'fast-check';
import { convertLeaf, toBooleanMark, toExactNumber } from '../../../../src/upstream/scan/convert-leaf';
import { INTEGER, TEXT } from '../../../../src/upstream/scan/record-spec';

const convert = (type: number, json: string): unknown => convertLeaf(type, Buffer.from(json), 0, Buffer.byteLength(json));

describe('An exact number', () => {
  it('has every digit of a whole number, as a number up to 2^53 and as a bigint beyond', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n }), fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n })),
        (whole) => {
          const value = toExactNumber(whole.toString()) as number | bigint;
          expect(BigInt(value)).toBe(whole);
          expect(typeof value).toBe(whole >= -(2n ** 53n) && whole <= 2n ** 53n ? 'number' : 'bigint');
        },
      ),
    );
  });

  it('is the same in every notation', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), fc.nat({ max: 30 }), (whole, zeros) => {
        expect(BigInt(toExactNumber(`${whole}e${zeros}`) as number | bigint)).toBe(whole * 10n ** BigInt(zeros));
        expect(BigInt(toExactNumber(`${whole}.${'0'.repeat(zeros + 1)}`) as number | bigint)).toBe(whole);
        if (whole !== 0n) expect(BigInt(toExactNumber(`${whole}${'0'.repeat(zeros)}E-${zeros}`) as number | bigint)).toBe(whole);
      }),
    );
  });

  it.each<[string, number | bigint]>([
    ['0e-401', 0],
    ['-0.0', 0],
    ['-0e-3', 0],
    ['9007199254740992', 2 ** 53],
    ['-9007199254740992', -(2 ** 53)],
    ['-9007199254740993', -(2n ** 53n) - 1n],
    ['1e400', 10n ** 400n],
    ['9'.repeat(400), 10n ** 400n - 1n],
  ])('of %s is to be had', (text, exact) => {
    expect(toExactNumber(text)).toBe(exact);
  });

  it.each(['', '-', '.5', 'a1', '1a', '1 ', '+1'])('is not to be had from %j, which is no number', (text) => {
    expect(toExactNumber(text)).toBeUndefined();
  });

  it.each([
    '1.5',
    '123456789012345.001',
    '9007199254740993.5',
    '1e-1',
    '1e-400',
    '0.1e-400',
    '1e401',
    '1e999999999',
    '1e-999999999',
    '9'.repeat(401),
  ])('is not to be had from %s, which is not whole or too long', (text) => {
    expect(toExactNumber(text)).toBeUndefined();
  });
});

describe('A value in another form than its leaf has', () => {
  it.each<[string, unknown]>([
    ['"9007199254740993"', 9007199254740993n],
    ['"-7"', -7],
    ['"0"', 0],
    ['"\\u0037"', 7],
    ['"007"', undefined],
    ['"+7"', undefined],
    ['" 7"', undefined],
    ['"7 "', undefined],
    ['"7.0"', undefined],
    ['"7e1"', undefined],
    ['""', undefined],
    ['"٣"', undefined],
    ['true', undefined],
    ['[7]', undefined],
    ['{}', undefined],
  ])('%s is the whole number %p', (json, value) => {
    expect(convert(INTEGER, json)).toEqual(value);
  });

  it.each<[string, unknown]>([
    ['1100009000000000017', '1100009000000000017'],
    ['-0', '-0'],
    ['10.50', '10.50'],
    ['1e3', undefined],
    ['1E+3', undefined],
    ['9'.repeat(400), '9'.repeat(400)],
    ['9'.repeat(401), undefined],
    ['"a\\u00f3\\/"', 'aó/'],
    ['true', undefined],
    ['[]', undefined],
    ['{}', undefined],
  ])('%s is the text %p', (json, value) => {
    expect(convert(TEXT, json)).toEqual(value);
  });

  it('is a boolean only as one of two words, or as a dialect says', () => {
    expect(['true', 'false', 'True', '1', 'yes', ''].map((text) => toBooleanMark(text, undefined))).toEqual([1, 2, 0, 0, 0, 0]);
    const dialect = new Map([
      ['PC', true],
      ['CA', false],
    ]);
    expect(['PC', 'CA', 'XX', 'true'].map((text) => toBooleanMark(text, dialect))).toEqual([1, 2, 0, 1]);
  });
});
