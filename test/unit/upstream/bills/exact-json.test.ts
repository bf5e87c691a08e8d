import fc from 'fast-check';
import { decodeText, mayLoseDigits, parseExact, parseFast } from '../../../../src/upstream/bills/exact-json';

const invalid = 'does not follow its contract';

describe('The exact parser', () => {
  it('keeps every digit of a whole number, as a number up to 2^53 and as a bigint beyond', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n }), fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n })),
        (whole) => {
          const parsed = parseExact(whole.toString()) as number | bigint;
          expect(BigInt(parsed)).toBe(whole);
          expect(typeof parsed).toBe(whole >= -(2n ** 53n) && whole <= 2n ** 53n ? 'number' : 'bigint');
        },
      ),
    );
  });

  it('reads a whole number alike in every notation', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), fc.nat({ max: 30 }), (whole, zeros) => {
        expect(BigInt(parseExact(`${whole}e${zeros}`) as number | bigint)).toBe(whole * 10n ** BigInt(zeros));
        expect(BigInt(parseExact(`${whole}.${'0'.repeat(zeros + 1)}`) as number | bigint)).toBe(whole);
        // JSON has no number that starts with two zeros.
        if (whole !== 0n) expect(BigInt(parseExact(`${whole}${'0'.repeat(zeros)}E-${zeros}`) as number | bigint)).toBe(whole);
      }),
    );
  });

  it.each([
    ['1e20', 10n ** 20n],
    ['9007199254740993', 9007199254740993n],
    ['-9007199254740993', -9007199254740993n],
    ['9007199254740992', 9007199254740992],
    ['2147483648', 2147483648],
    ['9.007199254740993e15', 9007199254740993n],
    ['-0.0', 0],
    ['10e-1', 1],
  ])('reads %s exactly', (text, value) => {
    expect(parseExact(text)).toEqual(value);
  });

  it.each([
    '1.5',
    '123456789012345.001',
    '9007199254740993.5',
    '1e-1',
    '1e-400',
    '0.1e-400',
    '1e999999999',
    '1e-999999999',
    '9'.repeat(401),
  ])('makes no number of %s, which is not whole or not to be had', (text) => {
    expect(parseExact(text)).toBeNaN();
  });

  it('reads whatever JSON.parse reads, and nothing else', () => {
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false }), (text) => {
        // Numbers apart, which are not the same on purpose: each becomes a text.
        const withoutNumbers = JSON.stringify(
          JSON.parse(text),
          (_key, value: unknown) => (typeof value === 'number' ? String(value) : value),
          1,
        );
        expect(parseExact(withoutNumbers)).toEqual(JSON.parse(withoutNumbers));
      }),
    );
    for (const text of [
      '',
      ' ',
      '{',
      '[1,]',
      '{"a":1,}',
      '01',
      '+1',
      '.5',
      '1.',
      'NaN',
      'Infinity',
      "{'a':1}",
      '1 2',
      '\ufeff1',
      '<html></html>',
      '"\n"',
      '"\\x41"',
    ]) {
      expect(() => parseExact(text)).toThrow(invalid);
      expect(() => parseFast(text)).toThrow(invalid);
    }
  });

  it('takes the last of two equal names, as JSON.parse does', () => {
    const text = '{"a":1,"a":2,"__proto__":{"a":3}}';
    expect(parseExact(text)).toEqual(parseFast(text));
    expect((parseExact(text) as { a: number }).a).toBe(2);
  });

  it('ends with the same error for a text that is nested too deeply to be read', () => {
    const deep = '['.repeat(2_000_000);
    expect(() => parseExact(deep)).toThrow(invalid);
    expect(() => parseFast(deep)).toThrow(invalid);
  });

  it('never quotes the text in its error', () => {
    for (const parse of [parseExact, parseFast]) {
      try {
        parse('{"secret-word": oops}');
        throw new Error('It was read.');
      } catch (error) {
        expect(JSON.stringify([(error as Error).message, String((error as Error).cause)])).not.toContain('secret-word');
      }
    }
  });
});

describe('mayLoseDigits', () => {
  it('is true of every text in which JSON.parse would round a number', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.string(), (whole, text) => {
        const body = `{"text":${JSON.stringify(text)},"amount":${whole}}`;
        if (BigInt((JSON.parse(body) as { amount: number }).amount) !== whole) expect(mayLoseDigits(Buffer.from(body))).toBe(true);
      }),
    );
  });

  it('is false of ordinary amounts, so that they take the fast way', () => {
    expect(mayLoseDigits(Buffer.from('{"invoiceAmount":999999999999999,"dueDate":"2025-07-15"}'))).toBe(false);
  });

  it('is false of long digits in quotation marks, which no parser rounds', () => {
    expect(mayLoseDigits(Buffer.from('{"invoiceNumber":"35190800000000000000550010000000011000000010","invoiceAmount":1}'))).toBe(false);
  });

  it.each(['[-1234567890123456]', '[ 1234567890123456.5]', '[1e0000000000000001]', '[123456789012345.001]', '1234567890123456'])(
    'is true of %s, wherever it stands',
    (text) => {
      for (let offset = 0; offset < 17; offset++) expect(mayLoseDigits(Buffer.from(' '.repeat(offset) + text))).toBe(true);
    },
  );
});

describe('decodeText', () => {
  it('decodes UTF-8, whatever text it is', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => expect(decodeText(Buffer.from(text, 'utf8'))).toBe(text)));
  });

  it.each([
    ['Latin-1', Buffer.from('"Asunción"', 'latin1')],
    ['UTF-16', Buffer.from('{"a":"ñ"}', 'utf16le')],
    ['a character that was cut', Buffer.from('"ñ', 'utf8').subarray(0, 2)],
    ['an overlong form', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
  ])('refuses %s', (_what, body) => {
    expect(() => {
      const text = decodeText(body);
      parseFast(text);
    }).toThrow(invalid);
  });
});
