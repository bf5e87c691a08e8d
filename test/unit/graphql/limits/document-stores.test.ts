import { createHash } from 'node:crypto';
import { getOperationAST, parse, type DocumentNode } from 'graphql';
import { PreparedOperations } from '../../../../src/graphql/execution/compiled-operations';
import { createDocumentStores, toHeapBytes, type DocumentStores } from '../../../../src/graphql/limits/document-stores';
import { buildServedSchema } from '../../../../src/graphql/schema/subgraph';
import { startBareServer, type BareServer } from '../../../support/bare-server';
import { requestRaw } from '../../../support/raw-request';

const MAX_DOCUMENT_BYTES = 100_000;
const MAX_PERSISTED_BYTES = 5000;
const MAX_PREPARED_BYTES = 200_000;

interface Reply {
  readonly data?: unknown;
  readonly errors?: { readonly extensions: { readonly code: string } }[];
}

describe('What is remembered of documents', () => {
  let stores: DocumentStores;
  let server: BareServer;

  beforeAll(async () => {
    stores = createDocumentStores(MAX_DOCUMENT_BYTES, MAX_PERSISTED_BYTES);
    server = await startBareServer({ stores, maxPreparedBytes: MAX_PREPARED_BYTES });
  });
  afterAll(() => server.close());

  async function post(body: Record<string, unknown>): Promise<Reply> {
    const answer = await requestRaw(server.port, {
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', authorization: 'Bearer accepted' },
      body: JSON.stringify(body),
    });
    return JSON.parse(answer.text) as Reply;
  }
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const register = (query: string): Record<string, unknown> => ({
    query,
    extensions: { persistedQuery: { version: 1, sha256Hash: sha256(query) } },
  });
  const recall = (query: string): Record<string, unknown> => ({
    extensions: { persistedQuery: { version: 1, sha256Hash: sha256(query) } },
  });

  const documentBytes = (): number =>
    stores.documents.keys().reduce((sum, key) => sum + toHeapBytes(stores.documents.get(key) as DocumentNode), 0);

  it('stays within its bound under endless different documents and operation names, and the newest is there', async () => {
    for (let i = 0; i < 200; i++)
      expect(await post({ query: `query Name${i} { a${i}: __typename b: __typename }`, operationName: `Name${i}` })).toEqual({
        data: { [`a${i}`]: 'Query', b: 'Query' },
      });
    const count = stores.documents.keys().length;
    expect(count).toBeGreaterThan(5);
    expect(count).toBeLessThan(100);
    expect(documentBytes()).toBeLessThanOrEqual(MAX_DOCUMENT_BYTES);
    expect(server.operations.size).toBeGreaterThan(5);
    expect(server.operations.bytes).toBeLessThanOrEqual(MAX_PREPARED_BYTES);
    expect(stores.documents.keys().join()).toContain(sha256('query Name199 { a199: __typename b: __typename }'));
  });

  it('holds nothing of documents that are not valid, or are larger than all there is room for', async () => {
    stores.documents.clear();
    for (let i = 0; i < 20; i++) await post({ query: `{ absent${i} }` });
    expect(stores.documents.keys()).toEqual([]);
    expect(await post({ query: `{ __schema { ${'queryType { name } '.repeat(60)} } }` })).toEqual({
      data: { __schema: { queryType: { name: 'Query' } } },
    });
    expect(stores.documents.keys()).toEqual([]);
  });

  it('keeps the texts that clients register apart, within a bound of their own', async () => {
    for (let i = 0; i < 100; i++) expect(await post(register(`{ r${i}: __typename }`))).toEqual({ data: { [`r${i}`]: 'Query' } });
    const count = stores.persistedQueries.keys().length;
    expect(count).toBeGreaterThan(5);
    expect(count * 200).toBeLessThanOrEqual(MAX_PERSISTED_BYTES);
    expect(await post(recall('{ r99: __typename }'))).toEqual({ data: { r99: 'Query' } });
    expect((await post(recall('{ r0: __typename }'))).errors?.[0]?.extensions.code).toBe('PERSISTED_QUERY_NOT_FOUND');
    stores.documents.clear();
    expect(stores.persistedQueries.keys()).toHaveLength(count);
  });

  it('keeps what accepted tokens have run, whatever others register and run', async () => {
    const bytes = 8 * MAX_PERSISTED_BYTES;
    const own = createDocumentStores(8 * MAX_DOCUMENT_BYTES, bytes);
    const accepted = new Set(['Bearer accepted']);
    const shared = await startBareServer({ stores: own, acceptedTokens: { has: ({ authorization }) => accepted.has(authorization) } });
    const send = async (body: object, authorization: string | null): Promise<Reply> => {
      const headers = { 'content-type': 'application/json', ...(authorization === null ? {} : { authorization }) };
      return JSON.parse(
        (await requestRaw(shared.port, { method: 'POST', path: '/graphql', headers, body: JSON.stringify(body) })).text,
      ) as Reply;
    };
    try {
      await send(register('{ kept: __typename }'), 'Bearer accepted');
      for (const [index, authorization] of [null, 'Bearer junk', 'Basic junk'].entries()) {
        for (let i = 0; i < 100; i++) {
          const query = `{ x${index}y${i}: __typename } #${'x'.repeat(2000)}`;
          expect(await send(register(query), authorization)).toEqual({ data: { [`x${index}y${i}`]: 'Query' } });
          // What nobody else has registered since is still there.
          expect(await send(recall(query), authorization)).toEqual({ data: { [`x${index}y${i}`]: 'Query' } });
        }
        expect(await send(recall('{ kept: __typename }'), null)).toEqual({ data: { kept: 'Query' } });
        expect(own.documents.keys()).toContain(sha256('{ kept: __typename }'));
      }
      expect(own.documents.keys().length).toBeLessThan(100);
      expect(own.persistedQueries.keys().length * 4200).toBeLessThan(bytes);
    } finally {
      await shared.close();
    }
  });

  it('registers no text under a hash that is not its own, nor one that may not run', async () => {
    const query = '{ x: __typename }';
    await post({ query, extensions: { persistedQuery: { version: 1, sha256Hash: sha256('another') } } });
    const invalid = '{ absent }';
    await post(register(invalid));
    const answers = await Promise.all([post(recall('another')), post(recall(query)), post(recall(invalid))]);
    expect(answers.map((answer) => answer.errors?.[0]?.extensions.code)).toEqual(Array(3).fill('PERSISTED_QUERY_NOT_FOUND'));
  });

  it('compiles no more plans of one operation than six conditions can make, whatever the variables say', () => {
    const schema = buildServedSchema();
    for (const [conditions, expected] of [
      [6, 64],
      [7, 0],
    ] as const) {
      const names = Array.from({ length: conditions }, (_, i) => `c${i}`);
      const text = `query(${names.map((name) => `$${name}: Boolean!`).join(' ')}) { ${names.map((name) => `${name}: __typename @include(if: $${name})`).join(' ')} }`;
      const document = parse(text);
      const operations = new PreparedOperations(schema);
      operations.learn(text, undefined, { document, operation: getOperationAST(document)! });
      const prepared = operations.find(text, undefined)!;
      for (let bits = 0; bits < 2 ** conditions; bits++)
        prepared.variant(Object.fromEntries(names.map((name, i) => [name, ((bits >> i) & 1) === 1])));
      expect(operations.planCount).toBe(expected);
    }
  });

  it('finds a text by its hash and by the key that Apollo Server makes of it, large ones too, until it is deleted', async () => {
    const { persistedQueries } = createDocumentStores();
    const text = 'x'.repeat(1_000_000);
    await persistedQueries.set('apq:hash', text);
    // Larger than all there is room for on trial.
    expect(persistedQueries.keys()).toEqual([]);
    persistedQueries.keep('hash', text);
    expect([persistedQueries.textOf('hash'), await persistedQueries.get('apq:hash'), persistedQueries.keys()]).toEqual([
      text,
      text,
      ['apq:hash'],
    ]);
    expect(await persistedQueries.get('hash')).toBeUndefined();
    expect([await persistedQueries.delete('apq:hash'), await persistedQueries.delete('apq:hash')]).toEqual([true, false]);
    expect(persistedQueries.textOf('hash')).toBeUndefined();
  });

  it('measures a document by what it takes in memory, which is several times its text', () => {
    const text = '{ customer(idType: "CPF", id: "1") { contract(number: "1") { number dueDate } } }';
    expect(toHeapBytes(parse(text))).toBeGreaterThan(40 * text.length);
  });
});
