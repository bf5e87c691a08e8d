import { ApolloServer, HeaderMap } from '@apollo/server';
import { buildSchema, GraphQLError, type GraphQLFormattedError } from 'graphql';
import { createHash } from 'node:crypto';
import type { GatewayContext } from '../../../../src/graphql/context/context';
import { createGatePlugin, toApolloLimits } from '../../../../src/graphql/limits/apollo-limits';
import { DocumentGate } from '../../../../src/graphql/limits/document-gate';
import type { TokenProof } from '../../../../src/graphql/limits/token-proof';
import { createDocumentStores, PERSISTED_QUERY_TTL_SECONDS } from '../../../../src/graphql/limits/document-stores';

const schema = buildSchema('type Query { known(list: [Int]): String other: String broken: String }');
const limits = { maxTokens: 5000, maxDepth: 10, maxAliases: 100, stores: createDocumentStores(), trustedDocuments: null };
const ANONYMOUS = { billing: null, standing: { caller: null, isAccepted: false } } as GatewayContext;
const CALLER = { billing: {}, standing: { isAccepted: true } } as GatewayContext;
const STRANGER = { billing: {}, standing: { isAccepted: false }, proving: () => null } as unknown as GatewayContext;
const UNACCEPTED = { billing: {}, standing: { isAccepted: false }, proving: () => null } as unknown as GatewayContext;
const REFUSED = new GraphQLError('refused', { extensions: { code: 'UNAUTHENTICATED', http: { status: 401, headers: new HeaderMap() } } });

/** Apollo Server with the gate in place of its own parsing and validation. */
function startServer(refusal: TokenProof['refusal'] = () => Promise.resolve(null)) {
  const noted: { operation: unknown; document: unknown }[] = [];
  const proof = { refusal, isUnprovable: () => false };
  const gate = createGatePlugin(new DocumentGate({ ...limits, stores: createDocumentStores(), schema, introspection: true }), proof);
  const server = new ApolloServer<GatewayContext>({
    schema,
    rootValue: { known: 'a', other: 'b', broken: () => Promise.reject(new Error('it is broken')) },
    documentStore: gate.documentStore,
    plugins: [
      gate.plugin,
      {
        requestDidStart: () =>
          Promise.resolve({
            willSendResponse: ({ operation, document }) => {
              noted.push({ operation, document });
              return Promise.resolve();
            },
          }),
      },
    ],
    includeStacktraceInErrorResponses: false,
  });
  const ask = async (request: Parameters<typeof server.executeOperation>[0], contextValue = CALLER) => {
    const { body, http } = await server.executeOperation(request, { contextValue });
    if (body.kind !== 'single') throw new Error('not one response');
    const { data, errors } = body.singleResult;
    return { data: data && { ...data }, errors: (errors ?? []) as GraphQLFormattedError[], status: http.status };
  };
  return { gate, server, ask, noted };
}

describe('Apollo Server behind the gate of documents', () => {
  it('executes what the gate has passed, each time and at once', async () => {
    const { server, ask } = startServer();
    const texts = ['{ known }', '{ other }', '{ known }'];
    const answers = await Promise.all(texts.map((query) => ask({ query })));
    expect(answers.map(({ data }) => data)).toEqual([{ known: 'a' }, { other: 'b' }, { known: 'a' }]);
    await server.stop();
  });

  it('reports all errors of a document that the gate refuses, with their places, and knows no operation', async () => {
    const { server, ask, noted } = startServer();
    for (let times = 0; times < 2; times++) {
      const { data, errors, status } = await ask({ query: '{ absent known missing }' });
      expect([data, status]).toEqual([undefined, 400]);
      expect(errors).toEqual(
        [
          ['absent', 3],
          ['missing', 16],
        ].map(([name, column]) => ({
          message: `Cannot query field "${name}" on type "Query".`,
          locations: [{ line: 1, column }],
          extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
        })),
      );
    }
    expect(noted).toEqual([
      { operation: undefined, document: undefined },
      { operation: undefined, document: undefined },
    ]);
    const { errors, status } = await ask({ query: '{' });
    expect([errors.map(({ extensions }) => extensions?.['code']), status]).toEqual([['GRAPHQL_PARSE_FAILED'], 400]);
    await server.stop();
  });

  it('asks for a token where a document is too large without one', async () => {
    const { server, ask, noted } = startServer();
    const query = `{ known(list: [${'1 '.repeat(1500)}]) }`;
    expect(await ask({ query }, ANONYMOUS)).toMatchObject({ status: 401, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    expect(noted).toEqual([{ operation: undefined, document: undefined }]);
    expect(await ask({ query })).toMatchObject({ data: { known: 'a' }, errors: [] });
    await server.stop();
  });

  it('has a long document of an unknown token wait for the billing API, and gives one request nothing of another', async () => {
    const query = `{ known(list: [${'1 '.repeat(1500)}]) }`;
    const run = { data: { known: 'a' }, errors: [], status: undefined };
    const refused = { status: 401, data: undefined, errors: [{ message: 'refused' }] };
    for (let lag = 0; lag < 40; lag++) {
      for (const isFirstRefused of [true, false]) {
        const { server, ask } = startServer(async (_request, { proving }) => {
          const isRefused = proving === UNACCEPTED.proving;
          // Decided on in one turn of the event loop, one a little after the other.
          await new Promise(setImmediate);
          for (let hop = 0; isRefused && hop < lag; hop++) await Promise.resolve();
          return isRefused ? REFUSED : null;
        });
        const senders = isFirstRefused ? [UNACCEPTED, STRANGER] : [STRANGER, UNACCEPTED];
        const answers = await Promise.all(senders.map((sender) => ask({ query }, sender)));
        expect(answers).toMatchObject(isFirstRefused ? [refused, run] : [run, refused]);
        await server.stop();
      }
    }
  });

  it('keeps no document for longer than Apollo Server asks for it', async () => {
    const { gate, server, ask } = startServer();
    const key = `x:${createHash('sha256').update('{ known }').digest('hex')}`;
    await ask({ query: '{ known }' });
    await new Promise(setImmediate);
    expect(await gate.documentStore.get(key)).toBeUndefined();
    await gate.documentStore.set(key, {} as never);
    expect([await gate.documentStore.get(key), await gate.documentStore.delete(key)]).toEqual([undefined, true]);
    await server.stop();
  });

  it('knows the operation of a document that the gate has passed, also where it fails', async () => {
    const { server, ask, noted } = startServer();
    expect((await ask({ query: '{ broken }' })).errors).toMatchObject([{ message: 'it is broken' }]);
    expect(noted).toEqual([{ operation: expect.anything(), document: expect.anything() }]);
    await server.stop();
  });

  it('registers a persisted query by its hash, and executes it', async () => {
    const { server, ask } = startServer();
    const query = '{ known }';
    const extensions = { persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(query).digest('hex') } };
    expect((await ask({ extensions })).errors[0]?.message).toBe('PersistedQueryNotFound');
    for (const request of [{ query, extensions }, { extensions }]) expect((await ask(request)).data).toEqual({ known: 'a' });
    await server.stop();
  });

  it.each([7, null, ['x'], {}, undefined])('answers a persisted query whose hash is no text: %j', async (sha256Hash) => {
    const { server, ask } = startServer();
    const extensions = { persistedQuery: { version: 1, sha256Hash }, other: 1 };
    expect((await ask({ query: '{ known }', extensions })).errors[0]?.message).toBe('provided sha does not match query');
    expect((await ask({ extensions })).errors[0]?.message).toBe('PersistedQueryNotFound');
    await server.stop();
  });

  it('looks up persisted queries in the store, and no longer than a day', () => {
    expect(toApolloLimits(limits)).toEqual({
      executionOptions: { maxCoercionErrors: 50 },
      persistedQueries: { cache: limits.stores.persistedQueries, ttl: PERSISTED_QUERY_TTL_SECONDS },
    });
  });
});
