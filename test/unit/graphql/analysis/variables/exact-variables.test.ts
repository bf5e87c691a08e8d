import fc from 'fast-check';
import { getOperationAST, parse, type OperationDefinitionNode } from 'graphql';
import { conditionValues } from '../../../../../src/graphql/analysis/variables/coerce-variables';
import { inexactVariablesError } from '../../../../../src/graphql/analysis/variables/exact-variables';

describe('inexactVariablesError', () => {
  it('names the first variable that holds a number whose digits JSON did not keep', () => {
    for (const value of [9007199254740992, 2 ** 54 + 2, -1e20, [1, 2 ** 60], { deep: [{ id: 2 ** 53 }] }]) {
      expect(inexactVariablesError({ fine: 1, id: value })).toMatchObject({
        message: expect.stringContaining('"$id"'),
        extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } },
      });
    }
  });

  it('looks at the variables that an operation declares, and at the keys of entities nowhere', () => {
    const of = (definitions: string): OperationDefinitionNode =>
      getOperationAST(parse(`query ${definitions && `(${definitions})`} { __typename }`)) as OperationDefinitionNode;
    const inexact = { a: 2 ** 53, r: [{ id: 2 ** 53 }] };
    const isRefused = (definitions: string): boolean => inexactVariablesError(inexact, of(definitions)) !== null;
    expect(['', '$b: ID', '$a: ID', '$b: ID, $a: [ID!]!', '$r: [ID]', '$r: [_Any!]!', '$r: _Any', '$a: _Any'].filter(isRefused)).toEqual([
      '$a: ID',
      '$b: ID, $a: [ID!]!',
      '$r: [ID]',
      '$a: _Any',
    ]);
    expect(inexactVariablesError(undefined, of('$a: ID'))).toBeNull();
  });

  it('looks into as many levels as no argument has', () => {
    const nested = (levels: number): unknown => (levels === 0 ? 2 ** 53 : [nested(levels - 1)]);
    expect([inexactVariablesError({ a: nested(8) }) !== null, inexactVariablesError({ a: nested(9) })]).toEqual([true, null]);
  });

  it('lets through every number that is exact, and everything else', () => {
    expect(inexactVariablesError(undefined)).toBeNull();
    expect(inexactVariablesError({})).toBeNull();
    fc.assert(
      fc.property(fc.maxSafeInteger(), (number) =>
        expect(
          inexactVariablesError({ number, list: [number], text: '90071992547409931', nothing: null, truth: true, half: 1.5 }),
        ).toBeNull(),
      ),
    );
  });
});

describe('The values of conditions', () => {
  it('are the Boolean variables that are sent, and the defaults of those that are not', () => {
    const text = 'query ($a: Boolean = true, $b: Boolean = false, $c: Boolean, $d: Int = 1, $toString: Boolean) { __typename }';
    const operation = getOperationAST(parse(text)) as OperationDefinitionNode;
    const values = (variables?: Readonly<Record<string, unknown>>): object => ({ ...conditionValues(operation, variables) });
    expect(values()).toEqual({ a: true, b: false });
    expect(values({ a: false, b: true, c: true, d: 2, e: true })).toEqual({ a: false, b: true, c: true });
    // What is null or of another type is refused where it is coerced.
    expect(values({ a: null, b: 'true' })).toEqual({});
  });
});
