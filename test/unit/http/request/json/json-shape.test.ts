import fc from 'fast-check';
import { exceedsShape, hasMoreValues, largestShapeOf } from '../../../../../src/http/request/json/json-shape';

const toBytes = (text: string): Buffer => Buffer.from(text);
const isNestedDeeper = (json: Buffer, depth: number): boolean => exceedsShape(json, { depth, containers: Infinity });
const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
const containersOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? Object.values(value).reduce((sum: number, member) => sum + containersOf(member), 1) : 0;

describe('The shape of JSON', () => {
  it('is that of its objects and lists, whatever its strings contain', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: fc.constantFrom('[', '{', '"', '\\', ']', '}', 'ñ') }), (value) => {
        const json = toBytes(JSON.stringify(value));
        const depth = depthOf(value);
        expect([isNestedDeeper(json, depth), isNestedDeeper(json, depth - 1)]).toEqual([false, depth > 0]);
        const containers = containersOf(value);
        const hasMore = (most: number): boolean => exceedsShape(json, { depth: Infinity, containers: most });
        expect([hasMore(containers), hasMore(containers - 1)]).toEqual([false, containers > 0]);
      }),
      { numRuns: 1000 },
    );
  });

  it.each<[string, number, number]>([
    ['[[],{},[]]', 2, 4],
    ['{}{}{}', 1, 3],
    ['[][][]', 1, 3],
    ['{"[":"]"}', 1, 1],
    ['"[[" 1', 0, 0],
  ])('of %s is %i deep with %i objects and lists', (json, depth, containers) => {
    const exceeds = (most: number, mostContainers: number): boolean =>
      exceedsShape(toBytes(json), { depth: most, containers: mostContainers });
    expect(exceeds(depth, containers)).toBe(false);
    if (depth > 0) expect([exceeds(depth - 1, containers), exceeds(depth, containers - 1)]).toEqual([true, true]);
  });

  it('may have more objects and lists the longer it is', () => {
    expect([0, 31, 32, 64_000].map(largestShapeOf)).toEqual([
      { depth: 100, containers: 8192 },
      { depth: 100, containers: 8192 },
      { depth: 100, containers: 8193 },
      { depth: 100, containers: 10_192 },
    ]);
  });

  it('has the values that are counted, with two for each empty object or list', () => {
    const countOf = (value: unknown): number => {
      const members = typeof value === 'object' && value !== null ? Object.values(value).map(countOf) : null;
      return members?.length === 0 ? 2 : 1 + (members ?? []).reduce((sum, count) => sum + count, 0);
    };
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: fc.constantFrom('a', '"', '\\', ',', '[', '{'), maxDepth: 4 }), (member) => {
        const value = [member];
        const json = toBytes(JSON.stringify(value));
        expect([hasMoreValues(json, countOf(value)), hasMoreValues(json, countOf(value) - 1)]).toEqual([false, true]);
      }),
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
