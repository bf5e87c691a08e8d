import { createDocumentStores } from '../../../../src/graphql/limits/document-stores';
import { TrustedDocuments } from '../../../../src/graphql/limits/trusted-documents';
import { resolveDocument } from '../../../../src/http/pipeline/resolve-document';
import type { GraphqlRequest } from '../../../../src/http/request/graphql-request';

const toRequest = (parts: Partial<GraphqlRequest>): GraphqlRequest => ({
  query: undefined,
  documentId: undefined,
  operationName: undefined,
  variables: {},
  extensions: undefined,
  ...parts,
});
const stores = createDocumentStores();
stores.persistedQueries.keep('known', '{ registered }');
const persisted = (sha256Hash: unknown, version: unknown = 1) => ({ persistedQuery: { version, sha256Hash }, other: 1 });

describe('The document of a request', () => {
  const resolve = (request: Partial<GraphqlRequest>) => resolveDocument(toRequest(request), { stores, trustedDocuments: null });

  it.each([
    ['its text', { query: '{ a }' }],
    ['its text, which is to be registered', { query: '{ a }', extensions: persisted('known') }],
    ['its text, and an id that means nothing here', { query: '{ a }', documentId: 'x' }],
    ['none', {}],
    ['an empty id', { documentId: '' }],
    ['a hash that is not registered', { extensions: persisted('unknown') }],
    ['a hash of another version', { extensions: persisted('known', 2) }],
    ['a hash that is no text', { extensions: persisted(7) }],
  ])('is left to be looked at where the request has %s', (_what, parts) => {
    expect(resolve(parts)).toEqual(toRequest(parts));
  });

  it('is the registered text of a hash, which is not to be looked up again', () => {
    expect(resolve({ extensions: persisted('known'), operationName: 'A' })).toEqual(
      toRequest({ query: '{ registered }', operationName: 'A' }),
    );
  });

  it('is refused where an id names it, and no documents are known by ids', () => {
    expect(() => resolve({ documentId: 'x' })).toThrow(/keeps no documents that `documentId` could name/);
  });
});

describe('The document of a request where documents are trusted', () => {
  const trustedDocuments = new TrustedDocuments(new Map([['id', '{ trusted }']]));
  const resolve = (request: Partial<GraphqlRequest>) => resolveDocument(toRequest(request), { stores, trustedDocuments });

  it.each<[string, Partial<GraphqlRequest>, string | undefined]>([
    ['its text, whatever else names one', { query: '{ a }', documentId: 'id', extensions: persisted('id') }, '{ a }'],
    ['the one of its id', { documentId: 'id', extensions: persisted('other') }, '{ trusted }'],
    ['the one of its id, written as a hash', { documentId: 'sha256:id' }, '{ trusted }'],
    ['the one of its hash', { extensions: persisted('id') }, '{ trusted }'],
    ['none, where nothing names one', { extensions: { other: 1 } }, undefined],
    ['none, where what should name one is no object', { extensions: { persistedQuery: 'id' } }, undefined],
    ['none, where what should name one is null', { extensions: { persistedQuery: null } }, undefined],
  ])('is %s', (_what, parts, query) => {
    expect(resolve({ ...parts, operationName: 'A' })).toEqual(toRequest({ query, operationName: 'A' }));
  });

  it.each([{ documentId: 'other' }, { documentId: 7 }, { extensions: persisted('known') }, { extensions: persisted(7) }])(
    'is refused where none has the id: %j',
    (parts) => {
      const refusal = ((): unknown => {
        try {
          return resolve(parts);
        } catch (error) {
          return error;
        }
      })();
      expect(refusal).toMatchObject({
        message: expect.stringContaining('there is none of this id'),
        extensions: { code: 'PERSISTED_QUERY_NOT_FOUND', http: { status: 400 } },
      });
    },
  );
});
