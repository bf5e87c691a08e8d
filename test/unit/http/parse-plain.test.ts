import { parsePlain } from '../../../src/http/pipeline/compiled-path';

const parse = (text: string) => parsePlain(Buffer.from(text));

describe('A request that the prepared lane understands', () => {
  it.each([
    ['{"query":"{ a }"}', { query: '{ a }', operationName: undefined, variables: {} }],
    ['{"operationName":null,"variables":null,"query":"{ a }"}', { query: '{ a }', operationName: undefined, variables: {} }],
    [
      '{"operationName":"A","variables":{"n":"1","list":["2"]},"query":"query A { a }"}',
      { query: 'query A { a }', operationName: 'A', variables: { n: '1', list: ['2'] } },
    ],
    [
      '{"query":"{ a(b: \\"__proto__ constructor \\\\u00e9\\") }","variables":{"n":"__proto__"}}',
      { query: '{ a(b: "__proto__ constructor \\u00e9") }', operationName: undefined, variables: { n: '__proto__' } },
    ],
    ['{"query":"{ a }","variables":{"n":"\\u00e9"}}', { query: '{ a }', operationName: undefined, variables: { n: 'é' } }],
  ])('is %s', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  it.each([
    '',
    'null',
    '[]',
    '{',
    '{}',
    '{"query":7}',
    '{"query":"{ a }","operationName":7}',
    '{"query":"{ a }","variables":[]}',
    '{"query":"{ a }","variables":"{}"}',
    '{"query":"{ a }","extensions":{}}',
    '{"query":"{ a }","__proto__":{}}',
    '{"query":"{ a }","constructor":{}}',
    '{"query":"{ a }","\\u005f_proto__":{}}',
    '{"query":"{ a }","variables":{"__proto__":{"x":1}}}',
    '{"query":"{ a }","variables":{"__proto__":"x"}}',
    '{"query":"{ a }","variables":{"\\u005f_proto__":"x"}}',
    '{"query":"{ a }","variables":{"constructor":{"prototype":{}}}}',
    '{"query":"{ a }","variables":{"list":[{"__proto__":{}}]}}',
    '{"query":"{ a }","variables":{"n":"1","deep":{"\\u005f_proto__":{}}}}',
    '{"query":"{ a }","variables":{"deep":{"constructor":{"prototype":{}}}}}',
  ])('is not %s', (text) => {
    expect(parse(text)).toBeNull();
  });
});
