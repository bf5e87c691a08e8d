import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';

/** Up to here every whole number is a double of its own, so a JSON number says it exactly. */
const MAX_EXACT = 9007199254740992;
const WHOLE_NUMBER = /^-?[0-9]{1,400}$/;

function parse(value: unknown): number | bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  if (typeof value === 'string' && WHOLE_NUMBER.test(value)) return BigInt(value);
  throw new GraphQLError('A BigInt must be a whole number, or the digits of one as a string.');
}

/** A whole number of any size: a JSON number up to 2^53, the same digits as a string beyond. */
export const BigIntScalar = new GraphQLScalarType<number | bigint, number | string>({
  name: 'BigInt',
  description:
    'A whole number of any size, exact. Written as a JSON number from -2^53 to 2^53, and beyond that as a ' +
    'string with the same digits, since JSON parsers round larger numbers.',
  serialize(value) {
    const exact = parse(value);
    if (typeof exact === 'number') return exact;
    return exact >= -MAX_EXACT && exact <= MAX_EXACT ? Number(exact) : exact.toString();
  },
  parseValue: parse,
  parseLiteral(node) {
    if (node.kind === Kind.INT || node.kind === Kind.STRING) return parse(node.kind === Kind.INT ? BigInt(node.value) : node.value);
    throw new GraphQLError('A BigInt must be a whole number, or the digits of one as a string.', { nodes: node });
  },
});
