import { buildSchema } from 'graphql';
import { DocumentGate, type DocumentGateOptions, type DocumentVerdict } from '../../../../src/graphql/limits/document-gate';
import { countTokens, createDocumentStores } from '../../../../src/graphql/limits/document-stores';
import { TrustedDocuments } from '../../../../src/graphql/limits/trusted-documents';

const schema = buildSchema('type Query { known(list: [Int]): String }');
const toGate = (options: Partial<DocumentGateOptions> = {}): DocumentGate =>
  new DocumentGate({
    schema,
    maxTokens: 5000,
    maxDepth: 10,
    maxAliases: 100,
    introspection: true,
    stores: createDocumentStores(),
    trustedDocuments: null,
    ...options,
  });
const decide = (gate: DocumentGate, text: string, hasToken = true): Promise<DocumentVerdict> =>
  gate.decide(text, text, { hasToken, prove: null });
const messagesOf = (verdict: DocumentVerdict): string[] => (verdict.kind === 'refuse' ? verdict.errors.map(({ message }) => message) : []);

describe('The gate of documents', () => {
  it('decides on a document once', async () => {
    const gate = toGate();
    const [run, refused] = [await decide(gate, '{ known }'), await decide(gate, '{ absent }')];
    expect([run, refused]).toEqual([
      { kind: 'run', document: expect.anything() },
      { kind: 'refuse', errors: [expect.objectContaining({ code: 'GRAPHQL_VALIDATION_FAILED' })] },
    ]);
    const again = await decide(gate, '{ known }');
    expect(run.kind === 'run' && again.kind === 'run' && again.document === run.document).toBe(true);
    expect(await decide(gate, '{ absent }')).toBe(refused);
  });

  it('wants a token for a document of more than 1,000 tokens, and forgets that it did', async () => {
    const ofTokens = (count: number): string => `{ known(list: [${'1 '.repeat(count - 11)}]) }`;
    const gate = toGate();
    for (const [count, kind] of [
      [1000, 'run'],
      [1001, 'unauthenticated'],
      [1002, 'unauthenticated'],
      [1003, 'unauthenticated'],
      [4000, 'unauthenticated'],
    ] as const) {
      const text = ofTokens(count);
      expect({ count, kind: (await decide(gate, text, false)).kind }).toEqual({ count, kind });
      const withToken = await decide(gate, text);
      expect(withToken.kind === 'run' && countTokens(withToken.document)).toBe(count);
    }
    expect(await decide(gate, '{ known(', false)).toMatchObject({ kind: 'refuse', errors: [{ code: 'GRAPHQL_PARSE_FAILED' }] });
    // Where no document may have as many, a token would not help.
    for (const hasToken of [false, true])
      expect(await decide(toGate({ maxTokens: 1000 }), ofTokens(1500), hasToken)).toMatchObject({
        kind: 'refuse',
        errors: [{ code: 'GRAPHQL_PARSE_FAILED' }],
      });
  });

  it('reports 20 errors, and three of a document that is long to search for their places', async () => {
    const wrong = `{ ${Array.from({ length: 30 }, (_, index) => `absent${index}`).join(' ')} }`;
    const padded = (character: string, length: number): string => wrong + character.repeat(length);
    for (const [text, errors] of [
      [wrong, 20],
      [padded(' ', 16_384 - wrong.length), 20],
      [padded(' ', 16_385 - wrong.length), 3],
      [padded('\n', 1000), 20],
      [padded('\n', 1001), 3],
      [padded('\r', 1001), 3],
    ] as const)
      // The last one says that there are more.
      expect(messagesOf(await decide(toGate(), text))).toHaveLength(errors + 1);
  });

  it.each([
    ['selections', `{ ${'known '.repeat(142)} }`, /pairs/],
    ['aliases', `{ ${Array.from({ length: 101 }, (_, index) => `a${index}: known`).join(' ')} }`, /MAX_ALIASES/],
    [
      'introspection',
      `{ ${Array.from({ length: 90 }, (_, index) => `a${index}: __schema { types { fields { type { fields { name } } } } }`).join(' ')} }`,
      /introspection/,
    ],
  ])('refuses a document of too much: %s', async (_, text, message) => {
    expect(messagesOf(await decide(toGate(), text))).toContainEqual(expect.stringMatching(message));
  });

  it('discloses no names of a schema that is not published', async () => {
    const [open, closed] = [toGate(), toGate({ introspection: false })];
    expect(messagesOf(await decide(open, '{ knwn }'))).toEqual(['Cannot query field "knwn" on type "Query". Did you mean "known"?']);
    expect(messagesOf(await decide(closed, '{ knwn }'))).toEqual(['Cannot query field "knwn" on type "Query".']);
    for (const query of ['{ __schema { queryType { name } } }', '{ __type(name: "Query") { name } }']) {
      expect((await decide(open, query)).kind).toBe('run');
      expect(messagesOf(await decide(closed, query))).toEqual([expect.stringContaining('introspection is not allowed')]);
    }
    expect((await decide(closed, '{ __typename known }')).kind).toBe('run');
  });

  it.each([
    ['defer', /comes in one piece/],
    ['stream', /comes in one piece/],
    ['client', /meant for a client library/],
    ['_optional', /meant for a client library/],
    ['mask_disable', /meant for a client library/],
    ['own', /^Unknown directive "@own"\.$/],
  ])('says what is wrong with a directive that is known from elsewhere: @%s', async (name, message) => {
    expect(messagesOf(await decide(toGate(), `{ known @${name} }`))).toEqual([expect.stringMatching(message)]);
  });

  it('lets trusted documents alone pass where there are some, and only if they are valid', async () => {
    const trustedDocuments = new TrustedDocuments(
      new Map([
        ['1', '{ known }'],
        ['2', '{ absent }'],
      ]),
    );
    const gate = toGate({ trustedDocuments });
    expect(await Promise.all(['{ known }', '{ absent }', '{ known  }'].map(async (text) => (await decide(gate, text)).kind))).toEqual([
      'run',
      'refuse',
      'refuse',
    ]);
  });
});
