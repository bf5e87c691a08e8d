import fc from 'fast-check';
import { endOfPlainText, endOfUsualNumber, endOfValue, skipSpace } from '../../../../src/upstream/scan/json-bytes';

/** Whether the bytes are one JSON value and nothing else. */
function isJson(text: string): boolean {
  const bytes = Buffer.from(text);
  try {
    return skipSpace(bytes, endOfValue(bytes, skipSpace(bytes, 0))) === bytes.length;
  } catch (error) {
    expect(error).toMatchObject({ failure: 'invalid-response' });
    return false;
  }
}

function isParsed(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('The end of a JSON value', () => {
  it('is found where JSON.parse reads one, and nowhere else', () => {
    const pieces = fc.constantFrom(
      ...Array.from('{}[]:,"\\'),
      'tru',
      'true',
      'null',
      'false',
      '0',
      '-',
      '1',
      '.',
      'e',
      '+',
      ' ',
      '\n',
      '\u0001',
      '\\u00e9',
      '"a"',
      'ñ',
    );
    let valid = 0;
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
        ),
        (text) => {
          if (isParsed(text)) valid++;
          expect(isJson(text)).toBe(isParsed(text));
        },
      ),
      { numRuns: 5000 },
    );
    expect(valid).toBeGreaterThan(500);
  });

  it('is found after any one byte of a value is changed or cut off as JSON.parse would', () => {
    const good = '{"a":[1,-2.5e+3,{"b":null,"c":[[],{}]}," \\u00e9\\n\\"",true,false,0],"":""}';
    for (let at = 0; at < good.length; at++) {
      expect([good.slice(0, at), isJson(good.slice(0, at))]).toEqual([good.slice(0, at), isParsed(good.slice(0, at))]);
      for (const byte of '"\\{}[]:,0-.e tu\u0000') {
        const changed = good.slice(0, at) + byte + good.slice(at + 1);
        expect([changed, isJson(changed)]).toEqual([changed, isParsed(changed)]);
      }
    }
  });

  it('is not looked for deeper than 1,000 levels', () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      expect(isJson(`${open.repeat(1000)}1${close.repeat(1000)}`)).toBe(true);
      expect(isJson(`${open.repeat(1001)}1${close.repeat(1001)}`)).toBe(false);
    }
  });

  it.each([
    '\t[\t1\t]\t',
    '1E5',
    '1E+5',
    '"\\u0AFf\\ua90F"',
    '"\\u/AAA"',
    '"\\u:AAA"',
    '"\\u@AAA"',
    '"\\uGAAA"',
    '"\\u`AAA"',
    '"\\ugAAA"',
    '"\\u000"',
  ])('is found where JSON.parse finds it, in %j', (text) => {
    expect(isJson(text)).toBe(isParsed(text));
  });
});

describe('The end of a usual number', () => {
  it.each([
    ['5,', 1],
    ['-5}', 2],
    ['0,', 1],
    ['10 ', 2],
    ['999999999999999,', 15],
    ['-999999999999999]', 16],
    ['1000000000000000,', -1],
    ['00,', -1],
    ['01,', -1],
    ['-0,', -1],
    ['-,', -1],
    ['-01,', -1],
    ['1.5,', -1],
    ['1e5,', -1],
    ['1E5,', -1],
    ['.5,', -1],
    ['x', -1],
  ])('of %s is %i', (text, end) => {
    expect(endOfUsualNumber(Buffer.from(text), 0)).toBe(end);
    expect(endOfUsualNumber(Buffer.from(`12${text}`), 2)).toBe(end < 0 ? -1 : end + 2);
  });
});

describe('The end of a text without escapes', () => {
  it('is found wherever it stands, and whatever stands next to it', () => {
    // Bytes that differ in one bit from those that end a text, and bytes of characters of several.
    const others = [0x00, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x5b, 0x5c, 0x5d, 0x7f, 0x80, 0xa2, 0xdc, 0xff];
    for (let start = 0; start < 4; start++)
      for (let length = 0; length < 10; length++)
        for (const code of others) {
          const text = Buffer.alloc(length, 0x61);
          if (length > 0) text[length >> 1] = code;
          // The last one is as close to the end of the bytes as may be.
          for (const rest of ['', '}', ',"a":"b"}']) {
            const bytes = Buffer.concat([Buffer.from(' '.repeat(start) + '"'), text, Buffer.from(`"${rest}`)]);
            const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
            const isChanged = length > 0;
            const find = (): number => endOfPlainText(bytes, view, start);
            if (isChanged && code < 0x20) expect(find).toThrow('does not follow its contract');
            else if (isChanged && code === 0x5c) expect(find()).toBe(-1);
            else expect(find()).toBe(isChanged && code === 0x22 ? start + 2 + (length >> 1) : start + 2 + length);
          }
        }
  });

  it('is missed where the bytes end before', () => {
    for (let length = 0; length < 10; length++) {
      const bytes = Buffer.from(`"${'a'.repeat(length)}`);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      expect(() => endOfPlainText(bytes, view, 0)).toThrow('does not follow its contract');
    }
  });
});
