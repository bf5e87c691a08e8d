import fc from 'fast-check';
import { parseBody, toGraphqlRequest } from '../../../../../src/http/request/graphql-request';
import { RecurringBodies } from '../../../../../src/http/request/json/recurring-bodies';

const QUERY = 'query Bills($id: ID!) { customer(idType: \\"CPF\\", id: $id) { id } } # ñ';
/** Bodies as clients write them, and as nobody should; the variables go where `@` is. */
const FORMS: Readonly<Record<string, string>> = {
  'Apollo Client': `{"operationName":"Bills","variables":@,"extensions":{"clientLibrary":{"name":"@apollo/client"}},"query":"${QUERY}"}`,
  urql: `{"operationName":"Bills","query":"${QUERY}","variables":@}`,
  'graphql-request': `{"query":"${QUERY}","variables":@,"operationName":"Bills"}`,
  spaced: `{"query": "${QUERY}", "variables": @ , "extensions": null}\n`,
  'a persisted query': `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"0123"}},"variables":@}`,
  'a document id': `{"documentId":"sha256:0123456789abcdef0123456789","variables":@,"extra":[1]}`,
};
const ODD: Readonly<Record<string, string>> = {
  'variables twice': `{"query":"{ a(b: 1) { c } }","variables":@,"variables":{"id":"2"}}`,
  'variables that a later 0 replaces': `{"query":"{ a(b: 1) { c } }","variables":@,"variables":0}`,
  'variables that a later 1 replaces': `{"query":"{ a(b: 1) { c } }","variables":@,"variables":1}`,
  'variables within extensions': `{"query":"{ a(b: 1) { c } }","extensions":{"variables":@}}`,
  'variables within a list': `{"query":"{ a(b: 1) { c } }","extensions":[{"variables":@}]}`,
  'another name that ends alike': `{"query":"{ a(b: 1) { c } }","\\"variables":@}`,
  'a name that reaches for a prototype': `{"query":"{ a(b: 1) { c } }","__proto__":{},"variables":@}`,
  'an escaped name': `{"query":"{ a(b: 1) { c } }","\\u0071uery":"{ d }","variables":@}`,
  'a number that JSON does not keep': `{"query":"{ a(b: 1) { c } }","extensions":{"n":4503599627370497.4},"variables":@}`,
  'a byte order mark': `\ufeff{"query":"{ a(b: 1) { c } }","variables":@}`,
  'a replacement character': `{"query":"{ a(b: 1) { c } } # \ufffd","variables":@}`,
  'no JSON behind the variables': `{"query":"{ a(b: 1) { c } }","variables":@}}`,
};
const toBody = (form: string, variables: string): Buffer => Buffer.from(form.replace('@', () => variables));

/** Bodies that were seen often enough with these variables. */
function seen(form: string, variables = '{"id":"1"}'): RecurringBodies {
  const bodies = new RecurringBodies();
  for (let times = 0; times < 16; times++) bodies.note(toBody(form, variables));
  return bodies;
}

const parsed = (body: Buffer) => toGraphqlRequest(parseBody(body, true));

describe('Bodies that recur', () => {
  it.each(Object.entries(FORMS))('are found as %s sends them, with other variables', (_name, form) => {
    const body = toBody(form, '{"id":"ñ2","list":[1,{"a":"}"}]}');
    const found = seen(form).parse(body);
    expect(found).not.toBeNull();
    expect(toGraphqlRequest(found)).toEqual(parsed(body));
    expect(toGraphqlRequest(found)?.variables).toEqual({ id: 'ñ2', list: [1, { a: '}' }] });
  });

  it.each(Object.entries(ODD))('are left to the parser with %s', (_name, form) => {
    expect(seen(form).parse(toBody(form, '{"id":"1"}'))).toBeNull();
  });

  it.each([
    '',
    '[]',
    '"{}"',
    '7',
    '{"id":1',
    '{"id":"1"},"query":"{ d }"',
    '{"id":"1"}}',
    '{"__proto__":1}',
    '{"constructor":1}',
    '{"\\u0069d":1}',
    '{"id":"\ufffd"}',
    '\ufeff{"id":"1"}',
  ])('are left to the parser where the variables are %j', (variables) => {
    for (const form of Object.values(FORMS)) expect(seen(form).parse(toBody(form, variables))).toBeNull();
  });

  it('keep bytes that are not UTF-8 to the parser, which refuses them', () => {
    const body = Buffer.from((FORMS['urql'] as string).replace('@', '{"id":"\xff"}'), 'latin1');
    expect(seen(FORMS['urql'] as string).parse(body)).toBeNull();
    expect(() => parseBody(body, true)).toThrow('not encoded in UTF-8');
  });

  it.each(['{"id":"}{"}', '{"a":{"b":{}},"c":[{}]}', '{}', '{"id":"\\\\\\""}'])(
    'are found where they came with the variables %s',
    (variables) => {
      const form = FORMS['Apollo Client'] as string;
      expect(seen(form, variables).parse(toBody(form, '{"id":"2"}'))?.variables).toEqual({ id: '2' });
    },
  );

  it('are left to the parser where they are cut short', () => {
    const form = FORMS['Apollo Client'] as string;
    const [bodies, body] = [seen(form), toBody(form, '{"id":"1"}')];
    for (let length = 0; length < body.length; length++) {
      bodies.note(body.subarray(0, length));
      expect(bodies.parse(body.subarray(0, length))).toBeNull();
    }
    expect(bodies.parse(body)).not.toBeNull();
  });

  it('have no variables that are too deep', () => {
    const form = `{"query":"${'x'.repeat(4096)}","variables":@}`;
    const nested = (levels: number): Buffer => toBody(form, `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`);
    expect(seen(form).parse(nested(98))).not.toBeNull();
    expect(seen(form).parse(nested(99))).toBeNull();
  });

  it('are left to the parser where something else in them is too deep, which is refused in a larger body', () => {
    const form = `{"query":"{ a(b: 1) { c } }","extra":${'['.repeat(100)}${']'.repeat(100)},"variables":@}`;
    expect(seen(form).parse(toBody(form, '{"id":"1"}'))).toBeNull();
    expect(() => parseBody(toBody(form, `{"id":"${'x'.repeat(4096)}"}`), true)).toThrow('more than 100 levels deep');
  });

  it.each(['documentId', 'extensions'])('are left to the parser with a large value as %s, which may take 20 times its bytes', (name) => {
    const withValue = (length: number): string => `{"query":"{ a(b: 1) { c } }","${name}":{"a":"${'x'.repeat(length)}"},"variables":@}`;
    const isFound = (length: number): boolean => seen(withValue(length)).parse(toBody(withValue(length), '{"id":"1"}')) !== null;
    expect([isFound(450), isFound(512)]).toEqual([true, false]);
  });

  it('take a place once, also where their variables are the parser’s to read', () => {
    const [escaped, other] = [FORMS['urql'], FORMS['urql']?.replace('Bills($id', 'Others($id')] as [string, string];
    const bodies = new RecurringBodies();
    for (let times = 0; times < 16; times++) bodies.note(toBody(other, '{"id":"1"}'));
    for (let times = 0; times < 16 * 8; times++) bodies.note(toBody(escaped, '{"id":"\\u0031"}'));
    expect([escaped, other].map((form) => bodies.parse(toBody(form, '{"id":"1"}')) !== null)).toEqual([true, true]);
  });

  it.each([
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
  ])('are found where another one ends alike, in whatever order they came: %i, %i, %i', (...order) => {
    const ends = ['@}', '@,"a":1}', '@,"b":"}","a":1}'];
    const forms = order.map((index) => `{"query":"{ a(b: 1) { c } }","variables":${ends[index]}`);
    const bodies = new RecurringBodies();
    for (const form of forms) for (let times = 0; times < 16; times++) bodies.note(toBody(form, '{"id":"1"}'));
    for (const form of forms) expect(bodies.parse(toBody(form, '{"id":{"n":"2"}}'))?.variables).toEqual({ id: { n: '2' } });
  });

  it('cost one look at their variables, however many end alike', () => {
    const ends = ['', ',"a":1', ',"b":1,"a":1', ',"c":1,"b":1,"a":1'];
    const bodies = new RecurringBodies();
    for (const end of ends) {
      const form = `{"query":"{ a(b: 1) { c } }","variables":@${end}}`;
      for (let times = 0; times < 16; times++) bodies.note(toBody(form, '{"id":"1"}'));
    }
    const parse = jest.spyOn(JSON, 'parse');
    expect(bodies.parse(toBody('{"query":"{ a(b: 1) { c } }","variables":@,"d":1,"c":1,"b":1,"a":1}', '{"id":"2"}'))).toBeNull();
    expect(parse).toHaveBeenCalledTimes(1);
    parse.mockRestore();
  });

  it('have the numbers that a parser makes, which refuses what a double does not keep', () => {
    const body = toBody(FORMS['urql'] as string, '{"first":4503599627370497.4,"last":12}');
    const found = toGraphqlRequest(seen(FORMS['urql'] as string).parse(body));
    expect(found).toEqual(parsed(body));
    expect(found?.variables).toEqual({ first: 1e300, last: 12 });
  });

  it('are only taken apart when they come again and again, and up to a size', () => {
    const form = FORMS['urql'] as string;
    const bodies = new RecurringBodies();
    const body = toBody(form, '{"id":"1"}');
    for (let times = 0; times < 15; times++) bodies.note(body);
    expect(bodies.parse(body)).toBeNull();
    bodies.note(body);
    expect(bodies.parse(body)).not.toBeNull();

    const large = `{"query":"${'x'.repeat(9000)}","variables":@}`;
    expect(seen(large).parse(toBody(large, '{"id":"1"}'))).toBeNull();
  });

  it('are four of those that begin alike, and the newest', () => {
    const bodies = new RecurringBodies();
    const nth = (n: number): Buffer => toBody(`{"operationName":"Bills","variables":@,"query":"query Bills { a${n} }"}`, '{"id":"1"}');
    for (let n = 0; n < 5; n++) for (let times = 0; times < 16; times++) bodies.note(nth(n));
    expect([0, 1, 2, 3, 4].map((n) => bodies.parse(nth(n))?.query ?? null)).toEqual([
      null,
      ...[1, 2, 3, 4].map((n) => `query Bills { a${n} }`),
    ]);
  });

  it('mean what the parser takes them for, whatever stands in the place of the variables', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\"',
      '"id"',
      '"variables":',
      '"query":',
      '1',
      '1e400',
      'null',
      ' ',
      'ñ',
    );
    const text = fc.oneof(
      fc.json(),
      fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(FORMS), ...Object.values(ODD)), text, text, (form, first, second) => {
        const body = toBody(form, second);
        const found = seen(form, first).parse(body);
        if (found) expect(toGraphqlRequest(found)).toEqual(parsed(body));
      }),
      { numRuns: 2000 },
    );
  });
});
