import fc from 'fast-check';
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
