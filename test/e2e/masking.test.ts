import { Writable } from 'node:stream';
import { ApolloServer } from '@apollo/server';
import { GraphQLError, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { createApp } from '../../src/app';
import { parseConfig, type Config } from '../../src/config/config';
import { createErrorFormatter } from '../../src/graphql/context/errors';
import { createLog } from '../../src/telemetry/logs/log';
import { toAnswer } from '../support/gateway';

const SECRET = 'inner-words';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe('An error that is ours', () => {
  it('is shown as a generic message with an id, under which the log has the rest', async () => {
    const lines: string[] = [];
    const log = createLog(
      'info',
      new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          lines.push(String(chunk));
          done();
        },
      }),
    );
    const config = parseConfig({ NODE_ENV: 'test', HOST: '127.0.0.1', PORT: '0', DRAIN_DELAY_MS: '0' });
    // A mistake in the wiring, which no type would let pass: comparing with a symbol throws a TypeError.
    const broken = { ...config, maxResults: Symbol(SECRET) as unknown as number } satisfies Config;
    const app = await createApp(broken, log);
    try {
      const token = app.billingApi!.issueToken();
      const answer = await toAnswer(
        await fetch(`${app.url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
          body: JSON.stringify({
            query: '{ customer(idType: "RUC", id: "80012345") { contract(number: "700100") { invoices(first: 7) { nodes { number } } } } }',
          }),
        }),
      );
      const [error] = answer.errors;
      expect(error).toMatchObject({
        message: 'Something went wrong in the gateway. Report the errorId to its operator.',
        extensions: { code: 'INTERNAL_SERVER_ERROR', errorId: expect.stringMatching(UUID) },
      });
      expect(Object.keys(error!.extensions!).sort()).toEqual(['code', 'errorId']);
      const line = lines.find((each) => each.includes(error!.extensions!['errorId'] as string));
      expect(JSON.parse(line!)).toMatchObject({ level: 50, err: { type: 'TypeError', message: expect.stringContaining('Symbol') } });
      for (const text of [answer.text, lines.join('\n')]) {
        expect(text).not.toContain(token);
        expect(text).not.toMatch(/"stack"|stacktrace|\n\s+at |node_modules/);
      }
      expect(answer.text).not.toMatch(/TypeError|Symbol|inner-words/);
      expect(lines.join('\n')).not.toContain('80012345');
    } finally {
      await app.close();
    }
  });

  it.each<[string, () => unknown]>([
    ['an error', () => new Error(SECRET)],
    ['a GraphQLError without a code', () => new GraphQLError(SECRET)],
    [
      'a GraphQLError with a code that is not on the list',
      () => new GraphQLError(SECRET, { extensions: { code: 'ECONNREFUSED', address: SECRET } }),
    ],
    [
      'a GraphQLError that calls itself internal',
      () => new GraphQLError(SECRET, { extensions: { code: 'INTERNAL_SERVER_ERROR', inner: SECRET } }),
    ],
    ['text', () => SECRET],
    ['nothing', () => undefined],
  ])('is masked where a resolver throws %s', async (_what, thrown) => {
    const reported: string[] = [];
    const schema = new GraphQLSchema({
      query: new GraphQLObjectType({
        name: 'Query',
        fields: {
          broken: {
            type: GraphQLString,
            resolve: () => {
              throw thrown();
            },
          },
          fine: { type: GraphQLString, resolve: () => 'data' },
        },
      }),
    });
    const server = new ApolloServer({
      schema,
      formatError: createErrorFormatter((errorId) => reported.push(errorId)),
      includeStacktraceInErrorResponses: true,
    });
    const { body } = await server.executeOperation({ query: '{ broken fine }' });
    await server.stop();
    const text = JSON.stringify(body);
    expect(text).not.toContain(SECRET);
    expect(text).not.toMatch(/stacktrace|\s+at /);
    expect(body).toMatchObject({
      singleResult: {
        data: { broken: null, fine: 'data' },
        errors: [{ path: ['broken'], extensions: { code: 'INTERNAL_SERVER_ERROR', errorId: reported[0] } }],
      },
    });
  });
});
