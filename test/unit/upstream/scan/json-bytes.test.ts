import fc from 'fast-check';
import { endOfValue, skipSpace } from '../../../../src/upstream/scan/json-bytes';

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

  it('is not looked for deeper than some 1,000 levels', () => {
    expect(isJson('['.repeat(1000) + ']'.repeat(1000))).toBe(true);
    expect(isJson('['.repeat(1002) + ']'.repeat(1002))).toBe(false);
  });
});
