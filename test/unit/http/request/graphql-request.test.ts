import type { IncomingHttpHeaders } from 'node:http';
import type { GraphQLError } from 'graphql';
import { MAX_ANONYMOUS_BYTES } from '../../../../src/graphql/limits/token-proof';
import type { BodyFault } from '../../../../src/http/request/exchange';
import { parseBody, parseSearch, toGraphqlRequest, toRequestForm } from '../../../../src/http/request/graphql-request';

const parse = (text: string) => toGraphqlRequest(parseBody(Buffer.from(text), true));
const absent = { documentId: undefined, operationName: undefined, variables: {}, extensions: undefined };

describe('The body of a request', () => {
  it.each([
    ['{"query":"{ a }"}', { query: '{ a }' }],
    ['{"operationName":null,"variables":null,"extensions":null,"query":"{ a }"}', { query: '{ a }' }],
    [
      '{"operationName":"A","variables":{"n":"1","list":["2"]},"query":"query A { a }"}',
      { query: 'query A { a }', operationName: 'A', variables: { n: '1', list: ['2'] } },
    ],
    [
      '{"query":"{ a(b: \\"__proto__ constructor \\\\u00e9\\") }","variables":{"n":"__proto__"}}',
      { query: '{ a(b: "__proto__ constructor \\u00e9") }', variables: { n: '__proto__' } },
    ],
    ['{"query":"{ a }","variables":{"n":"\\u00e9"}}', { query: '{ a }', variables: { n: 'é' } }],
    [
      '{"query":"{ a }","extensions":{"clientLibrary":{"name":"@apollo/client","version":"4.3.8"}}}',
      { query: '{ a }', extensions: { clientLibrary: { name: '@apollo/client', version: '4.3.8' } } },
    ],
    [
      '{"documentId":"sha256:1","variables":{"constructor":"x"}}',
      { query: undefined, documentId: 'sha256:1', variables: { constructor: 'x' } },
    ],
    ['{"query":"{ a }","somethingElse":1}', { query: '{ a }' }],
    ['\ufeff{"query":"{ a }"}', { query: '{ a }' }],
    ['{"query":"{ a }","operationName":null,"variables":null,"extensions":null}', { query: '{ a }' }],
    ['{"query":"{ a }","operationName":"","variables":"","extensions":""}', { query: '{ a }' }],
  ])('is understood: %s', (text, expected) => {
    expect(parse(text)).toEqual({ ...absent, ...expected });
  });

  it('is refused where it is nested more than a hundred levels deep', () => {
    const nested = (levels: number): string =>
      `{"query":"${'x'.repeat(4096)}","variables":{"a":${'['.repeat(levels)}${']'.repeat(levels)}}}`;
    expect(parse(nested(98))?.variables).toHaveProperty('a');
    expect(() => parse(nested(99))).toThrow('nested more than 100 levels deep');
    expect(() => parse(nested(20_000))).toThrow('nested more than 100 levels deep');
  });

  it.each([
    '{}',
    '{"query":7}',
    '{"query":""}',
    '{"query":"{ a }","operationName":7}',
    '{"query":"{ a }","variables":[]}',
    '{"query":"{ a }","variables":"{}"}',
    '{"query":"{ a }","variables":" "}',
    '{"query":"{ a }","variables":0}',
    '{"query":"{ a }","operationName":false}',
    '{"query":"","extensions":""}',
    '{"query":"{ a }","extensions":"{}"}',
    '{"query":"{ a }","extensions":[]}',
  ])('is left to Apollo Server to refuse: %s', (text) => {
    expect(parse(text)).toBeNull();
  });

  it.each([
    '',
    '{',
    '\ufeff',
    '\ufeff\ufeff{"query":"{ a }"}',
    '[]',
    'null',
    '7',
    '"{}"',
    '{"query":"{ a }","__proto__":{}}',
    '{"query":"{ a }","constructor":{"prototype":{}}}',
    '{"query":"{ a }","\\u005f_proto__":{}}',
    '{"query":"{ a }","variables":{"__proto__":{"x":1}}}',
    '{"query":"{ a }","variables":{"__proto__":"x"}}',
    '{"query":"{ a }","variables":{"\\u005f_proto__":"x"}}',
    '{"query":"{ a }","variables":{"constructor":{"prototype":{}}}}',
    '{"query":"{ a }","variables":{"list":[{"__proto__":{}}]}}',
    '{"query":"{ a }","variables":{"n":"1","deep":{"\\u005f_proto__":{}}}}',
    '{"query":"{ a }","variables":{"deep":{"constructor":{"prototype":{}}}}}',
  ])('is refused: %s', (text) => {
    expect(() => parse(text)).toThrow(
      /^(The request body (is (empty|not JSON)|must be a JSON object)|A request holds one operation|The JSON of a request must have no member)/,
    );
  });

  it('is refused for the same names where it is large', () => {
    for (const names of ['"__proto__":1', '"constructor":{"prototype":1}'])
      expect(() => parse(`{"query":"{ a }","variables":{"text":"${'x'.repeat(33_000)}",${names}}}`)).toThrow(/must have no member called/);
  });

  it('keeps a number that a double only comes near to from being taken for an identifier', () => {
    expect(parse('{"query":"{ a }","variables":{"i":4503599627370497.4}}')?.variables).toEqual({ i: 1e300 });
  });
});

describe("The search of a GET's URL", () => {
  it.each([
    ['/graphql?query=%7B+a%20%7D', { query: '{ a }' }],
    ['/graphql?a=1?&query=%7Ba%7D', { query: '{a}' }],
    ['/graphql?query=a=b', { query: 'a=b' }],
    [
      '/graphql?qu%65ry={a}&operationName=A&variables={"n":4503599627370497.4}&extensions={}',
      { query: '{a}', operationName: 'A', variables: { n: 1e300 }, extensions: {} },
    ],
    ['/graphql?query=%ff%7Ba%7D', { query: '\ufffd{a}' }],
    ['/graphql?query={a}&__proto__=1&constructor=2', { query: '{a}' }],
    ['/graphql?query={a}&operationName=&variables=&extensions=', { query: '{a}' }],
    ['/graphql?query={a}&operationName&variables&extensions', { query: '{a}' }],
    ['/graphql?query={a}&variables=null&extensions=null', { query: '{a}' }],
  ])('is understood: %s', (url, expected) => {
    expect(toGraphqlRequest(parseSearch(url))).toEqual({ ...absent, ...expected });
  });

  it.each([
    '/graphql',
    '/graphql?',
    '/graphql?query=',
    '/graphql?query={a}&query={a}',
    '/graphql?query={a}&qu%65ry={b}',
    '/graphql?query={a}&variables=[]',
    '/graphql?query={a}&variables=%22%22x',
    '/graphql?query={a}&variables=&variables={}',
    '/graphql?query={a}&variables=undefined',
    '/graphql?query={a}&variables={',
    '/graphql?query={a}&extensions=7',
    '/graphql?query={a}&variables={"n":01e19}',
    '/graphql?query={a}&variables={"n":-00.1e17}',
  ])('is left to Apollo Server to refuse: %s', (url) => {
    expect(toGraphqlRequest(parseSearch(url))).toBeNull();
  });
});

describe('The form of a request', () => {
  const JSON_BODY = Buffer.from('{}');
  const formOf = (method: string, headers: IncomingHttpHeaders, body = JSON_BODY, bodyFault: BodyFault | null = null): unknown => {
    try {
      return toRequestForm({ request: { method, url: '/graphql', headers }, body, bodyFault }, 1_000_000);
    } catch (error) {
      const { message, extensions } = error as GraphQLError;
      expect(extensions['code']).toBe('BAD_REQUEST');
      const { status, headers: more } = extensions['http'] as { readonly status: number; readonly headers: ReadonlyMap<string, string> };
      return [status, ...more, message];
    }
  };
  const preflighted = { 'apollo-require-preflight': 'true' };
  const json = { 'content-type': 'application/json' };
  const text = { 'content-type': 'text/plain; charset=utf-8' };

  // A page of another site can send a GET and a POST without a preflight, as long as its headers are simple (CORS).
  it.each<[string, IncomingHttpHeaders, unknown]>([
    ['GET', {}, 'other'],
    ['GET', { 'apollo-require-preflight': '' }, 'other'],
    ['GET', text, 'other'],
    ['GET', { ...text, ...preflighted }, 'other'],
    ['GET', preflighted, 'search'],
    ['GET', { 'x-apollo-operation-name': 'a' }, 'search'],
    ['GET', json, 'search'],
    ['POST', json, 'body'],
    ['POST', { 'content-type': 'Application/JSON ; charset=latin1' }, 'body'],
    ['POST', { ...json, 'content-encoding': 'identity' }, 'body'],
    ['POST', text, 'other'],
    ['QUERY', json, 'body'],
  ])('is that of %s with %j: %s', (method, headers, form) => {
    expect(formOf(method, headers)).toBe(form);
  });

  it.each<[string, IncomingHttpHeaders, number]>([
    ['POST', {}, 415],
    ['POST', { ...text, ...preflighted }, 415],
    ['POST', { 'content-type': 'application/jsonx' }, 415],
    ['POST', { 'content-type': 'multipart/form-data; boundary=a' }, 415],
    ['POST', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['QUERY', {}, 400],
    ['QUERY', text, 415],
  ])('is none of %s with %j, whose body is no JSON: %i', (method, headers, status) => {
    expect(formOf(method, headers)).toEqual([status, expect.stringContaining('must be JSON')]);
  });

  it('is left to Apollo Server where a POST has neither a body nor a media type', () => {
    expect(formOf('POST', {}, Buffer.alloc(0))).toBe('other');
  });

  it('is none for another method, coding or body', () => {
    for (const method of ['PUT', 'DELETE', 'PATCH'])
      expect(formOf(method, json)).toEqual([405, ['allow', 'GET, POST, QUERY'], expect.any(String)]);
    expect(formOf('POST', { ...json, 'content-encoding': 'zstd' })).toEqual([
      415,
      ['accept-encoding', 'gzip, deflate, br'],
      expect.any(String),
    ]);
    expect(formOf('POST', json, JSON_BODY, 'too-late')).toEqual([408, expect.stringContaining('was not read in time')]);
    const large = (headers: IncomingHttpHeaders, most: number): string => {
      try {
        toRequestForm({ request: { method: 'POST', url: '/graphql', headers }, body: JSON_BODY, bodyFault: 'too-large' }, most);
      } catch (error) {
        expect((error as GraphQLError).extensions).toMatchObject({ http: { status: 413 } });
        return (error as GraphQLError).message;
      }
      return 'accepted';
    };
    expect(large({ ...json, authorization: 'Bearer a' }, 1_000_000)).not.toContain('Without a token');
    expect(large(json, 1_000_000)).toContain(`Without a token, ${MAX_ANONYMOUS_BYTES} bytes are allowed.`);
    expect(large(json, MAX_ANONYMOUS_BYTES)).not.toContain('Without a token');
  });
});
