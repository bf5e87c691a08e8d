import fc from 'fast-check';
import { isNestedDeeper } from '../../../../../src/http/request/json/json-nesting';

const toBytes = (text: string): Buffer => Buffer.from(text);
const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

describe('The nesting of JSON', () => {
  it('is as deep as its objects and lists, whatever its strings contain', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: fc.constantFrom('[', '{', '"', '\\', ']', '}', 'ñ') }), (value) => {
        const json = toBytes(JSON.stringify(value));
        const depth = depthOf(value);
        expect([isNestedDeeper(json, depth), isNestedDeeper(json, depth - 1)]).toEqual([false, depth > 0]);
      }),
      { numRuns: 1000 },
    );
  });

  it.each(['['.repeat(101), '{"a":'.repeat(101), `${'['.repeat(100)}{`, `"\\"${'['.repeat(200)}"${'['.repeat(101)}`])(
    'is found before its end: %s',
    (text) => {
      expect(isNestedDeeper(toBytes(text), 100)).toBe(true);
    },
  );

  it.each(['['.repeat(100), '[]'.repeat(1000), `"${'['.repeat(1000)}`, `"\\"${'['.repeat(1000)}`, '"\\', ''])(
    'is not deep where it is no JSON either: %s',
    (text) => {
      expect(isNestedDeeper(toBytes(text), 100)).toBe(false);
    },
  );
});
