import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Source } from 'graphql';
import { ConfigError, parseConfig } from '../../../../src/config/config';
import { parseManifest } from '../../../../src/graphql/limits/trusted-documents';
import { buildServedSchema } from '../../../../src/graphql/schema/subgraph';
import { buildManifest, OperationsError } from '../../../../src/tools/trusted-documents';
import { startGateway, type Gateway } from '../../../support/gateway';
import { requestRaw } from '../../../support/raw-request';

const folder = mkdtempSync(join(tmpdir(), 'trusted-'));
afterAll(() => rmSync(folder, { recursive: true }));

function toFile(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const TRUSTED = 'query Trusted($id: ID!) { customer(idType: "CPF", id: $id) { id } }';
const OTHER = '{ customer(idType: "CPF", id: "1") { idType } }';

interface GraphqlRequest {
  readonly query?: string;
  readonly documentId?: unknown;
  readonly variables?: Record<string, unknown>;
  readonly extensions?: Record<string, unknown>;
}

describe.each([
  [
    'a manifest of Apollo',
    {
      format: 'apollo-persisted-query-manifest',
      version: 1,
      operations: [{ id: sha256(TRUSTED), name: 'Trusted', type: 'query', body: TRUSTED }],
    },
    sha256(TRUSTED),
  ],
  ['persisted documents of the client preset', { a1b2c3: TRUSTED }, 'a1b2c3'],
])('A gateway with %s', (name, manifest, id) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway({ TRUSTED_DOCUMENTS: toFile(`${name}.json`, manifest) });
  });
  afterAll(() => gateway.close());

  async function post(body: GraphqlRequest | readonly GraphqlRequest[]) {
    const answer = await requestRaw(gateway.port, {
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', authorization: 'Bearer t' },
      body: JSON.stringify(body),
    });
    return toResult(answer);
  }
  async function get(search: Record<string, string>) {
    const answer = await requestRaw(gateway.port, {
      path: `/graphql?${new URLSearchParams(search).toString()}`,
      headers: { 'apollo-require-preflight': '1', authorization: 'Bearer t' },
    });
    return toResult(answer);
  }
  function toResult(answer: { status: number; text: string }) {
    const { data, errors } = JSON.parse(answer.text) as { data?: unknown; errors?: { message: string; extensions: { code: string } }[] };
    return { status: answer.status, data, code: errors?.[0]?.extensions.code, message: errors?.[0]?.message };
  }
  const variables = { id: '1' };
  const hash = (value: string): Record<string, unknown> => ({ persistedQuery: { version: 1, sha256Hash: value } });

  it('runs its documents by their text, their id and the hash that persisted queries are asked by', async () => {
    for (const request of [
      { query: TRUSTED },
      { documentId: id },
      { documentId: `sha256:${id}` },
      { extensions: hash(id) },
      { query: TRUSTED, extensions: hash(id) },
    ]) {
      expect(await post({ ...request, variables })).toMatchObject({ status: 200, data: { customer: { id: '1' } } });
    }
    for (const search of [{ query: TRUSTED }, { documentId: id }, { extensions: JSON.stringify(hash(id)) }]) {
      expect(await get({ ...search, variables: JSON.stringify(variables) })).toMatchObject({
        status: 200,
        data: { customer: { id: '1' } },
      });
    }
  });

  it('refuses every other text, and says why', async () => {
    for (const query of [
      OTHER,
      `${TRUSTED} `,
      `${TRUSTED}\nquery B { __typename }`,
      '{ __typename }',
      '{ __schema { types { name } } }',
      '{ _service { sdl } }',
      '{',
    ]) {
      const answer = await post({ query, variables });
      expect([answer.status, answer.code, answer.data]).toEqual([400, 'BAD_REQUEST', undefined]);
      expect(answer.message).toMatch(/^This gateway runs trusted documents only/);
      expect(await get({ query })).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
    }
  });

  it('refuses a text even where it comes with the id of a trusted one, and registers nothing', async () => {
    for (const request of [
      { query: OTHER, documentId: id },
      { query: OTHER, extensions: hash(id) },
      { query: OTHER, extensions: hash(sha256(OTHER)) },
    ]) {
      expect(await post(request)).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
    }
    expect(await post({ extensions: hash(sha256(OTHER)) })).toMatchObject({ status: 400, code: 'PERSISTED_QUERY_NOT_FOUND' });
  });

  it('refuses ids that it does not know, of whatever kind', async () => {
    for (const documentId of ['', 'x', 7, {}, ['a1b2c3'], '__proto__', 'constructor']) {
      expect(await post({ documentId })).toMatchObject({ status: 400, code: 'PERSISTED_QUERY_NOT_FOUND' });
    }
  });

  it('is not deceived by names that are there twice, or by several operations', async () => {
    const twice = await requestRaw(gateway.port, {
      path: `/graphql?query=${encodeURIComponent(TRUSTED)}&query=${encodeURIComponent(OTHER)}`,
      headers: { 'apollo-require-preflight': '1' },
    });
    expect(toResult(twice)).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
    expect(await post([{ query: OTHER }])).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
  });

  it('still refuses a GET that a page of another site could have sent', async () => {
    const answer = await requestRaw(gateway.port, { path: `/graphql?documentId=${id}` });
    expect(toResult(answer)).toMatchObject({ status: 400, code: 'BAD_REQUEST', message: expect.stringContaining('Cross-Site') as string });
  });

  it('says what is missing where a request names no document', async () => {
    expect((await post({ variables })).message).toMatch(/must contain a non-empty `query`/);
  });
});

describe('A gateway without trusted documents', () => {
  it('runs any document', async () => {
    const gateway = await startGateway();
    const answer = await gateway.query(OTHER);
    await gateway.close();
    expect(answer.data).toEqual({ customer: { idType: 'CPF' } });
  });
});

describe('The setting TRUSTED_DOCUMENTS', () => {
  function problemsOf(path: string): readonly string[] {
    try {
      parseConfig({ TRUSTED_DOCUMENTS: path, PORT: 'x' });
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
    return [];
  }

  it.each([
    ['a file that is not there', join(folder, 'absent.json'), /cannot be used: it cannot be read \(ENOENT\)\.$/],
    ['a folder', folder, /it cannot be read \(EISDIR\)\.$/],
    ['text that is not JSON', toFile('text.json', 'query'), /it is not JSON\.$/],
    ['a list', toFile('list.json', []), /it is not a JSON object\.$/],
    ['nothing', toFile('empty.json', {}), /it holds no documents/],
    [
      'another format',
      toFile('format.json', { format: 'x', version: 1, operations: [] }),
      /its format must be "apollo-persisted-query-manifest", version 1\.$/,
    ],
    ['another version', toFile('version.json', { format: 'apollo-persisted-query-manifest', version: 2, operations: [] }), /version 1\.$/],
    [
      'operations without ids',
      toFile('ids.json', { format: 'apollo-persisted-query-manifest', version: 1, operations: [{ body: TRUSTED }] }),
      /its operation 0 has no "id"\.$/,
    ],
    ['a document that is not GraphQL', toFile('graphql.json', { a: '{' }), /the document "a" is not GraphQL\.$/],
    ['a document that is no text', toFile('number.json', { a: 1 }), /the document "a" is not a text\.$/],
  ])('is refused, together with every other problem, where it names %s', (_name, path, problem) => {
    expect(problemsOf(path)).toEqual([expect.stringMatching(/^PORT/), expect.stringMatching(problem)]);
  });

  it.each([
    ['7', 'it is not a JSON object'],
    ['null', 'it is not a JSON object'],
    ['"format"', 'it is not a JSON object'],
    ['{"format":"apollo-persisted-query-manifest","version":1,"operations":{}}', 'its "operations" are not a list'],
    ['{"format":"apollo-persisted-query-manifest","version":1,"operations":[7]}', 'its operation 0 has no "id"'],
    ['{"format":"apollo-persisted-query-manifest","version":1,"operations":[null]}', 'its operation 0 has no "id"'],
  ])('is refused where it is of another form: %s', (text, problem) => {
    expect(() => parseManifest(text)).toThrow(problem);
  });

  it('may name one document twice', () => {
    const operations = [TRUSTED, TRUSTED].map((body) => ({ id: 'a', name: 'x', type: 'query', body }));
    expect(parseManifest(JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations })).size).toBe(1);
  });

  it('is refused where one id stands for two documents', () => {
    const operations = [TRUSTED, OTHER].map((body) => ({ id: 'a', name: 'x', type: 'query', body }));
    expect(() => parseManifest(JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations }))).toThrow(
      'two documents have the id "a"',
    );
  });
});

describe('The command trusted-documents', () => {
  const schema = buildServedSchema();
  const operation = new Source('query One { customer(idType: "CPF", id: "1") { ...Ids contract(number: "1") { number } } }', 'one.graphql');
  const fragment = new Source('fragment Ids on Customer { id }\nquery Two { __typename }', 'ids.graphql');

  it('makes a manifest that the gateway takes, whatever the order of the files', () => {
    const manifest = buildManifest([operation, fragment], schema);
    expect(manifest).toEqual(buildManifest([fragment, operation], schema));
    // Files without anything but comments.
    expect(manifest).toEqual(buildManifest([new Source('# Nothing yet.\n'), fragment, operation, new Source('')], schema));
    expect(manifest.operations.map(({ name, type, id, body }) => [name, type, id === sha256(body)])).toEqual([
      ['One', 'query', true],
      ['Two', 'query', true],
    ]);
    expect(manifest.operations[0]!.body).toMatch(/^query One [^]*fragment Ids on Customer/);
    expect(parseManifest(JSON.stringify(manifest)).size).toBe(2);
  });

  it('adds __typename as Apollo Client does: everywhere but at the root', () => {
    const [one] = buildManifest([operation, fragment], schema, true).operations;
    expect(one!.body.replace(/\s+/g, ' ')).toBe(
      'query One { customer(idType: "CPF", id: "1") { ...Ids contract(number: "1") { number __typename } __typename } } fragment Ids on Customer { id __typename }',
    );
  });

  it('refuses operations without a name, with the same name, or that are not valid, all at once and with their places', () => {
    const sources = [
      new Source('{ __typename }', 'anonymous.graphql'),
      new Source('query One { x }', 'again.graphql'),
      operation,
      new Source('query {', 'broken.graphql'),
    ];
    const act = (): unknown => buildManifest(sources, schema);
    expect(act).toThrow(OperationsError);
    expect(act).toThrow(/broken\.graphql:1:8[^]*An operation has no name[^]*anonymous\.graphql:1:1[^]*Two operations have the name "One"/);
    expect(() => buildManifest([new Source('query Bad { x }', 'bad.graphql')], schema)).toThrow(
      /Cannot query field "x"[^]*bad\.graphql:1:13/,
    );
    expect(() => buildManifest([new Source('fragment Ids on Customer { id }')], schema)).toThrow('There are no operations.');
  });
});
