import fc from 'fast-check';
import { graphqlSync, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { BigIntScalar } from '../../../src/graphql/schema/scalars/big-int';

const whole = fc.oneof(fc.bigInt({ min: -(2n ** 55n), max: 2n ** 55n }), fc.bigInt({ min: -(10n ** 50n), max: 10n ** 50n }));
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: {
      echo: {
        type: GraphQLString,
        args: { amount: { type: BigIntScalar } },
        resolve: (_root, { amount }: { amount: number | bigint }) => String(amount),
      },
    },
  }),
});
const echo = (literal: string) => graphqlSync({ schema, source: `{ echo(amount: ${literal}) }` });

describe('BigInt', () => {
  it('is written as a JSON number up to 2^53 and as a string of the same digits beyond', () => {
    fc.assert(
      fc.property(whole, (value) => {
        const written = JSON.parse(JSON.stringify(BigIntScalar.serialize(value))) as number | string;
        expect(BigInt(written)).toBe(value);
        expect(typeof written).toBe(value >= -(2n ** 53n) && value <= 2n ** 53n ? 'number' : 'string');
      }),
    );
  });

  it.each([
    [9007199254740991, 9007199254740991],
    [9007199254740992n, 9007199254740992],
    [9007199254740993n, '9007199254740993'],
    [-9007199254740993n, '-9007199254740993'],
    [2147483648, 2147483648],
    [0, 0],
    ['12345678901234567890', '12345678901234567890'],
  ])('writes %p as %p', (value, written) => {
    expect(BigIntScalar.serialize(value)).toBe(written);
  });

  it.each([1.5, Number.NaN, Infinity, true, null, {}, '1.5', '', ' 1', '1e5', '٣'])('refuses %p', (value) => {
    expect(() => BigIntScalar.serialize(value)).toThrow('must be a whole number');
    expect(() => BigIntScalar.parseValue(value)).toThrow('must be a whole number');
  });

  it('reads literals and strings with every digit', () => {
    fc.assert(
      fc.property(whole, (value) => {
        expect(echo(`${value}`).data).toEqual({ echo: String(value) });
        expect(echo(`"${value}"`).data).toEqual({ echo: String(value) });
        expect(BigInt(BigIntScalar.parseValue(String(value)))).toBe(value);
      }),
    );
    for (const literal of ['1.5', 'true', '"x"', '{}', '[]']) expect(echo(literal).errors).toHaveLength(1);
  });
});
