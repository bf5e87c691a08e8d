import { toList } from '../../../../src/graphql/analysis/argument-values';
import { parseEntityKey } from '../../../../src/graphql/analysis/entity-keys';
import { failureOf } from '../../../support/listed-source';

const customer = { idType: 'RUC', id: '80012345' };
const failure = async (representation: unknown): Promise<[string, string]> => {
  const { failure: kind, message } = await failureOf(Promise.resolve().then(() => parseEntityKey(representation)));
  return [kind, message];
};

describe('The key of an entity', () => {
  it('is read from a representation, whatever else that has', () => {
    expect(parseEntityKey({ __typename: 'Customer', ...customer, name: 'x' })).toMatchObject({ type: 'Customer', customer });
    expect(parseEntityKey({ __typename: 'Contract', customer, number: '0012' })).toMatchObject({
      type: 'Contract',
      customer,
      number: '0012',
    });
    expect(parseEntityKey({ __typename: 'Invoice', contract: { customer, number: '0012' }, number: '00000000000000000017' })).toMatchObject(
      {
        type: 'Invoice',
        customer,
        contractNumber: '0012',
        number: '00000000000000000017',
      },
    );
  });

  it('may have a number for an ID, as long as JSON keeps its digits', async () => {
    expect(parseEntityKey({ __typename: 'Contract', customer: { ...customer, id: 80012345 }, number: 9007199254740991 })).toMatchObject({
      customer,
      number: '9007199254740991',
    });
    for (const number of [9007199254740992, 1e300, 1.5, null, undefined, true, ['12'], { a: 1 }])
      for (const representation of [
        { __typename: 'Customer', idType: 'RUC', id: number },
        { __typename: 'Contract', customer, number },
        { __typename: 'Invoice', contract: { customer, number }, number: '1' },
        { __typename: 'Invoice', contract: { customer, number: '1' }, number },
      ])
        expect([representation, (await failure(representation))[0]]).toEqual([representation, 'invalid-input']);
  });

  it.each([
    [null, '__typename'],
    ['Customer', '__typename'],
    [{}, '__typename'],
    [{ __typename: 'Address', ...customer }, '__typename'],
    [{ __typename: 'Contract', number: '1' }, '`customer` must be an object'],
    [{ __typename: 'Contract', customer: null, number: '1' }, '`customer` must be an object'],
    [{ __typename: 'Contract', customer: '1', number: '1' }, '`customer` must be an object'],
    [{ __typename: 'Invoice', number: '1' }, '`contract` must be an object'],
    [{ __typename: 'Invoice', contract: null, number: '1' }, '`contract` must be an object'],
    [{ __typename: 'Invoice', contract: { number: '1' }, number: '1' }, '`customer` must be an object'],
  ])('is none in %j', async (representation, reason) => {
    expect(await failure(representation)).toEqual(['invalid-input', expect.stringContaining(reason)]);
  });
});

describe('A list that GraphQL makes of an argument', () => {
  it.each([
    [
      ['a', null],
      ['a', null],
    ],
    [[], []],
    ['a', ['a']],
    [0, [0]],
    [null, []],
    [undefined, []],
  ])('of %j is %j', (value, list) => {
    expect(toList(value)).toEqual(list);
  });
});
