import { GraphQLError, parse, validate } from 'graphql';
import { explain } from '../../../../src/graphql/limits/explained-errors';
import { buildServedSchema } from '../../../../src/graphql/schema/subgraph';

const schema = buildServedSchema();
const explainedOf = (directive: string): string => {
  const [error] = validate(schema, parse(`{ __typename @${directive} }`));
  return explain(error!).message;
};

describe('The error of a directive that the schema does not have', () => {
  it.each(['defer', 'stream'])('says that a response comes in one piece: @%s', (name) => {
    expect(explainedOf(name)).toBe(
      `The directive "@${name}" is not supported: a response comes in one piece. Leave it out, and ask for what may come later by an ` +
        'operation of its own.',
    );
  });

  it.each(['client', 'connection', '_required', 'arguments', 'with'])(
    'says that a client library should have taken it out: @%s',
    (name) => {
      expect(explainedOf(name)).toMatch(new RegExp(`^The directive "@${name}" is meant for a client library, and must not be sent: `));
    },
  );

  it('is as it was for others, and so is any other error', () => {
    expect(explainedOf('mine')).toBe('Unknown directive "@mine".');
    for (const message of ['Unknown directive "@defer". More', 'An Unknown directive "@defer".', 'Unknown type "defer".']) {
      const error = new GraphQLError(message);
      expect(explain(error)).toBe(error);
      expect(error.message).toBe(message);
    }
  });
});
