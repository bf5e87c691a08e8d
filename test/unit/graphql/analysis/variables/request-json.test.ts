import fc from 'fast-check';
import { inexactVariablesError } from '../../../../../src/graphql/analysis/variables/exact-variables';
import { parseRequestJson, parseVariables, toExactJson } from '../../../../../src/graphql/analysis/variables/request-json';

const variableOf = (number: string): unknown => {
  const { variables } = parseRequestJson(`{"query":"{ a(b: 1.5) }","variables":{"i":${number}}}`) as { variables: { i: unknown } };
  return variables.i;
};

describe('The numbers of a request', () => {
  it.each([
    '4503599627370497.4',
    '1.00000000000000000001',
    '9007199254740993',
    '123456789012345678',
    '0.99999999999999999999',
    '999999999999999.99999',
    '1e17',
    '1E17',
    '1e-400',
    `0.${'0'.repeat(400)}1`,
    `${'9'.repeat(400)}e-390`,
  ])('are refused where a double does not keep their digits: %s', (number) => {
    expect(inexactVariablesError({ i: variableOf(number) })?.extensions['code']).toBe('BAD_USER_INPUT');
  });

  it.each([
    '0',
    '-0',
    '7',
    '7.0',
    '1e2',
    '10.50e1',
    '120e-1',
    '-12',
    '9007199254740991',
    '0.5',
    '4503599627370496.000',
    '1.5',
    `0.${'0'.repeat(400)}1e401`,
    `1${'0'.repeat(400)}E-400`,
  ])('are taken as they are where it does: %s', (number) => {
    expect(variableOf(number)).toBe(Number(number));
  });

  it('are found in lists and objects, and not in texts', () => {
    expect(
      parseRequestJson('{"query":"1.00000000000000000001","variables":{"t":"\\"4503599627370497.4","l":[1,{"x":4503599627370497.4}]}}'),
    ).toEqual({ query: '1.00000000000000000001', variables: { t: '"4503599627370497.4', l: [1, { x: 1e300 }] } });
  });

  it('are left alone in texts', () => {
    const text = '{"a":"9007199254740993,1.00000000000000000001","b":1,"1e17":"\\\\","c":"1e-400"}';
    expect(parseRequestJson(`{"variables":${text}}`)).toEqual({ variables: JSON.parse(text) as unknown });
    expect(parseVariables(text)).toEqual(JSON.parse(text));
    expect(toExactJson(text)).toBe(text);
  });

  it('are found in variables that come alone, too', () => {
    expect(parseVariables('{"i":4503599627370497.4,"t":"x"}')).toEqual({ i: 1e300, t: 'x' });
    expect(parseVariables('[4503599627370497.4]')).toEqual([1e300]);
    expect(() => parseVariables('{')).toThrow(SyntaxError);
  });

  it.each(['null', '1', '"a"', '[1]', '{}', '{"variables":null}', '{"variables":1e17}', '{"variables":"a"}'])(
    'are not looked for in %s, which has no variables',
    (json) => {
      expect(parseRequestJson(json)).toEqual(JSON.parse(json));
    },
  );

  it('are told apart by their value, however they are written', () => {
    const digits = fc.stringMatching(/^[0-9]{1,18}$/);
    const exponent = fc.tuple(fc.constantFrom('e', 'E', 'e+', 'e-'), fc.nat({ max: 30 })).map(([sign, value]) => `${sign}${value}`);
    const number = fc
      .tuple(fc.constantFrom('', '-'), digits, fc.option(digits, { nil: '' }), fc.option(exponent, { nil: '' }))
      .map(([sign, whole, fraction, exp]) => `${sign}${BigInt(whole)}${fraction && `.${fraction}`}${exp}`);
    fc.assert(
      fc.property(number, (text) => {
        expect(variableOf(text)).toBe(isKept(text) ? Number(text) : 1e300);
      }),
      { numRuns: 2000 },
    );
  });

  it('do not change how any JSON is read otherwise', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(parseRequestJson(`{"variables":{"v":${json}}}`)).toEqual(JSON.parse(`{"variables":{"v":${json}}}`, toRefused));
      }),
    );
  });
});

/** fast-check writes doubles with all their digits, so that only whole ones past 2^53 are not exact. */
function toRefused(_key: string, value: unknown): unknown {
  return typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) ? 1e300 : value;
}

/** Whether a fraction is left, or the whole number that JSON makes of a number has exactly its value. */
function isKept(text: string): boolean {
  const value = Number(text);
  if (!Number.isInteger(value)) return true;
  if (!Number.isSafeInteger(value)) return false;
  const [mantissa = '', exponent = '0'] = text.toLowerCase().replace(/^-/, '').split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const scale = Number(exponent) - fraction.length;
  const [digits, found] = [BigInt(whole + fraction), BigInt(Math.abs(value))];
  return scale >= 0 ? digits * 10n ** BigInt(scale) === found : digits === found * 10n ** BigInt(-scale);
}
