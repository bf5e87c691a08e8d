import { gzipSync } from 'node:zlib';
import { getIntrospectionQuery } from 'graphql';
import { aliases, customer } from './greedy-operations';
import type { RawRequest } from './raw-request';

/** A request that nobody has sent before, so that nothing is remembered of it: `n` is another one each time. */
type MakeRequest = (n: number) => RawRequest;

const list = (count: number, of: (index: number) => string, separator = ' '): string =>
  Array.from({ length: count }, (_, index) => of(index)).join(separator);
const post = (body: string | Buffer, headers: RawRequest['headers'] = {}): RawRequest => ({
  method: 'POST',
  path: '/graphql',
  headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
  body,
});
const query =
  (text: (n: number) => string, others: object = {}): MakeRequest =>
  (n) =>
    post(JSON.stringify({ query: text(n), ...others }));
const small = (n: number): string => `{ t${n}: __typename }`;
/** A small query with variables, or with other members, that are JSON already. */
const withJson =
  (members: string): MakeRequest =>
  (n) =>
    post(`{"query":"${small(n)}",${members}}`);
const withList =
  (text: string, member: string, count: number): MakeRequest =>
  (n) =>
    post(`{"query":"${text} #${n}","variables":{"n":[${list(count, () => member, ',')}]}}`);
const get =
  (search: (n: number) => string): MakeRequest =>
  (n) => ({ path: `/graphql?${search(n)}`, headers: { 'apollo-require-preflight': '1' } });

const CONTRACTS = 'query($n: [ID!]!) { customer(idType: \\"RUC\\", id: \\"80012345\\") { contracts(numbers: $n) { number } } }';
const ENTITIES = 'query($n: [_Any!]!) { _entities(representations: $n) { __typename } }';
/** Just below the default of MAX_REQUEST_BYTES, and what a request without a token may have at most. */
const SIZES = { full: 260_000, anonymous: 32_500 };

/** Requests that take as much as they can, of bodies of `bytes`. All are refused, or cost nothing of a billing API. */
function ofSize(bytes: number): Readonly<Record<string, MakeRequest>> {
  const room = bytes - 500;
  const fill = (text: string): string => text.repeat(Math.floor(room / JSON.stringify(text).slice(1, -1).length));
  return {
    'wrong values in a list variable': withList(CONTRACTS, '{}', room / 3),
    'fractions in a list variable': withList(CONTRACTS, '1.5', room / 4),
    'long numbers': withList(CONTRACTS, '12345678901234567890', room / 21),
    exponents: withList(CONTRACTS, '1e400', room / 6),
    'numbers with exponents': withJson(`"variables":{"a":[${list(room / 4, () => '1e5', ',')}]}`),
    'long numbers with fractions': withJson(`"variables":{"a":[${list(room / 19, () => '4503599627370497.4', ',')}]}`),
    'nulls for entities': withList(ENTITIES, 'null', room / 5),
    'different texts': withJson(`"variables":{"a":[${list(room / 9, (i) => `"${100_000 + i}"`, ',')}]}`),
    'different texts with escapes': withJson(`"variables":{"a":[${list(room / 11, (i) => `"\\n${100_000 + i}"`, ',')}]}`),
    'objects of many different names': withJson(
      `"variables":{"a":[${list(room / 11_000, (row) => `{${list(999, (i) => `"r${row}x${i}":1`, ',')}}`, ',')}]}`,
    ),
    'objects with their names in another order': withJson(
      `"variables":{"a":[${list(room / 70, (row) => `{${list(9, (i) => `"n${(row * (i + 1)) % 97}":1`, ',')}}`, ',')}]}`,
    ),
    'wide variables': withJson(`"variables":{${list(room / 15, (i) => `"v${i}":${i}`, ',')}}`),
    'deep variables': withJson(`"variables":{"a":${'['.repeat(room / 2)}${']'.repeat(room / 2)}}`),
    'deep objects': withJson(`"variables":{"a":${'{"a":'.repeat(room / 6)}1${'}'.repeat(room / 6)}}`),
    'one long number': withJson(`"variables":{"a":${'1'.repeat(room)}}`),
    'a long fraction': withJson(`"variables":{"a":1${'0'.repeat(room / 2)}.${'0'.repeat(room / 2)}}`),
    'escaped text': withJson(`"variables":{"a":"${'\\u0041'.repeat(room / 6)}"}`),
    'names that reach for a prototype': withJson(`"variables":{"a":[${list(room / 3, () => '{}', ',')}],"b":"__proto__"}`),
    'a long operation name': withJson(`"operationName":"${'a'.repeat(room)}"`),
    'a long hash of a persisted query': withJson(`"extensions":{"persistedQuery":{"version":1,"sha256Hash":"${'a'.repeat(room)}"}}`),
    'a hash alone': (n) => post(`{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"${n}${'a'.repeat(room)}"}}}`),
    'junk for a persisted query': withJson(`"extensions":{"persistedQuery":{${list(room / 17, (i) => `"k${i}":${i}`, ',')}}}`),
    'a long client name': withJson(`"extensions":{"clientLibrary":{"name":"${'x'.repeat(room)}"}}`),
    'a long name in the document': query((n) => `query ${'a'.repeat(room)}${n} { __typename }`),
    'deeply nested fields': query((n) => `${fill('{a')}${n}`),
    'deeply nested lists': query((n) => `{ customer(idType: ${fill('[')}${n}`),
    commas: query((n) => `${fill(',')}${small(n)}`),
    comments: query((n) => `${fill('#\n')}${small(n)}`),
    'a long comment': query((n) => `#${fill('a')}\n${small(n)}`),
    'empty lines': query((n) => `${fill('\n')}${small(n)}`),
    'an error after empty lines': query((n) => `${fill('\n')}{ a${n} $`),
    'unknown fields after empty lines': query((n) => `${fill('\r\n')}{ ${list(30, (i) => `f${i}x${n}`)} }`),
    'byte order marks': query((n) => `${'\ufeff'.repeat(room / 3)}${small(n)}`),
    'a long block string': query((n) => `{ __type(name: """${fill(' a\n')}${n}""") { name } }`),
    'a long escaped string': query((n) => `{ __type(name: "${'\\u0041'.repeat(room / 7)}${n}") { name } }`),
    'a long number in the document': query((n) => `{ __type(name: ${fill('1')}${n}) { name } }`),
    'several operations': () => post(`[${list(room / 14, () => '{"query":"{a}"}', ',')}]`),
    'no JSON': () => post(`{"query":${fill('"a",')}`),
    'a text for a body': () => post(JSON.stringify(fill('x'))),
    'another media type': () => post(fill('x'), { 'content-type': 'text/plain' }),
    'bytes that are not UTF-8': () => post(Buffer.concat([Buffer.from('{"query":"'), Buffer.alloc(room, 0xff), Buffer.from('"}')])),
  };
}

/** Compressed once: while the test compresses, the gateway's meter looks at its clock, which would count as the request's. */
const BOMB = gzipSync(Buffer.alloc(50_000_000, 0x20));

/** Requests that take as much as they can by something other than their size. */
const OF_ANY_SIZE: Readonly<Record<string, MakeRequest>> = {
  'conflicting fields': query((n) => `{ ${list(130, (i) => `x: __type(name: "a${i}${n}") { name }`)} }`),
  'many conflicting fields': query((n) => `{ ${list(530, (i) => `x: __type(name: "a${i}${n}") { name }`)} }`),
  'fragments that multiply': query(
    (n) =>
      `{ ...F0 } ${list(100, (i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} a${n} }`)} fragment F100 on Query { __typename }`,
  ),
  'fragments in a circle': query((n) => `{ ...F0 } ${list(80, (i) => `fragment F${i} on Query { ...F${(i + 1) % 80} a${n} }`)}`),
  'unused fragments': query((n) => `{ __typename } ${list(160, (i) => `fragment F${i}x${n} on Query { __typename }`)}`),
  'many directives': query((n) => `{ a${n}: __typename ${list(300, () => '@skip(if: false)')} }`),
  'unknown directives': query((n) => `{ ${list(95, (i) => `a${i}x${n}: __typename @d${i}`)} }`),
  'as many aliases as are allowed': query((n) => `{ ${aliases(90, '__typename')} t${n}: __typename }`),
  'too many aliases': query((n) => `{ ${aliases(240, '__typename')} t${n}: __typename }`),
  'unknown fields': query((n) => `{ ${list(900, (i) => `f${i}x${n}`)} }`),
  'fields with a name like another': query((n) => `{ ${list(19, (i) => `customer${'r'.repeat(90)}${i}x${n}`)} }`),
  introspection: query(
    (n) => `{ __schema { types { name fields { name args { name } type { name ofType { name } } } } } t${n}: __typename }`,
  ),
  'unused variables': query((n) => `query(${list(200, (i) => `$v${i}: Int`)}) { a${n}: __typename }`),
  'many operations': query((n) => list(200, (i) => `query Q${i}x${n} { __typename }`)),
  'as many operations as fit': query((n) => list(980, (i) => `query Q${i}x${n}{a}`)),
  'fragments in one place': query(
    (n) => `{ ${list(350, (i) => `...F${i}`)} } ${list(350, (i) => `fragment F${i} on Query { a${i}x${n} }`)}`,
  ),
  'fragments that do not exist': query((n) => `{ ${list(2400, (i) => `...F${i}x${n}`)} }`),
  'a long query in a URL': get((n) => `query=${encodeURIComponent(`${small(n)}#${'x'.repeat(15_000)}`)}`),
  'a URL of spaces': get((n) => `query=${'+'.repeat(15_000)}${n}`),
  'a URL of bytes that are not UTF-8': get((n) => `query=${'%FF'.repeat(5000)}${n}`),
  'a URL of separators': get((n) => `${'&'.repeat(15_000)}${n}`),
  'as many headers as fit': (n) =>
    post(JSON.stringify({ query: small(n) }), Object.fromEntries(Array.from({ length: 2200 }, (_, i) => [`x${i.toString(36)}`, '']))),
  'a header that is repeated': (n) => post(JSON.stringify({ query: small(n) }), { x: Array.from({ length: 3000 }, () => '') }),
  'media types that nobody has': (n) => post(JSON.stringify({ query: small(n) }), { accept: `a/b${n},${'a/b,'.repeat(3800)}` }),
  'content codings that nobody has': (n) => post(JSON.stringify({ query: small(n) }), { 'accept-encoding': `a${n},${'b,'.repeat(7000)}` }),
  'a compressed body that is too large': () => post(BOMB, { 'content-encoding': 'gzip' }),
  'a body that is too large': () => post(JSON.stringify('a'.repeat(300_000))),
};

/** Greedy requests for a client without a token, of bodies as large as it may send and larger. */
export const ANONYMOUS_REQUESTS: Readonly<Record<string, MakeRequest>> = {
  ...ofSize(SIZES.anonymous),
  ...Object.fromEntries(Object.entries(ofSize(SIZES.full)).map(([name, make]) => [`${name}, 260 KB`, make])),
  ...OF_ANY_SIZE,
  'an operation that needs a token': query((n) => customer(`contract(number: "${n}") { number }`)),
};

const WIDE_TYPE = 'name kind description fields { name description args { name type { name kind } } type { name kind ofType { name } } }';
/** Everything that tools ask for, and little and much that multiplies it. */
export const INTROSPECTIONS: Readonly<Record<string, MakeRequest>> = {
  'all of the schema': query((n) =>
    `${getIntrospectionQuery({ schemaDescription: true, inputValueDeprecation: true, oneOf: true })} fragment F on Query { t${n}: __typename }`.replace(
      '{',
      '{ ...F',
    ),
  ),
  'as much as is allowed': query((n) => `{ t${n}: __typename ${list(3, (i) => `a${i}: __schema { types { ${WIDE_TYPE} } }`)} }`),
  'the types under many aliases': query((n) => `{ t${n}: __typename ${list(20, (i) => `a${i}: __schema { types { ${WIDE_TYPE} } }`)} }`),
  'fragments that multiply it': query(
    (n) =>
      `{ t${n}: __typename __schema { ${list(90, (i) => `a${i}: types { ...T }`)} } } ` +
      `fragment T on __Type { fields { type { ...U ofType { ...U ofType { ...U } } } args { type { ...U } } } } ` +
      `fragment U on __Type { name description possibleTypes { name description fields { name args { name } } } }`,
  ),
  'fragments around one field': query(
    (n) =>
      `{ t${n}: __typename __schema { types { fields { type { fields { type { ${'... on __Type { '.repeat(180)}name${' }'.repeat(180)} } } } } } } }`,
  ),
};

/** What a contract can be asked for, under an alias. */
const contractAs = (alias: string, number: string | number): string =>
  `${alias}:contract(number:"${number}"){number dueDate billingAddresses{street} invoices(first:10){nodes{number amount status billPeriod contract{number}}}}`;
const ENTITY = '{"__typename":"Contract","customer":{"idType":"RUC","id":"80012345"},"number":"700100"}';

/** Valid operations, as large as they may be: all that is wrong with them is the token. */
const VALID_OPERATIONS: Readonly<Record<string, MakeRequest>> = {
  'one number many times': withList(CONTRACTS, '"7"', 60_000),
  'numbers that are integers': withList(CONTRACTS, '7', 120_000),
  'a shorter list of one number': withList(CONTRACTS, '"7"', 900),
  'one entity many times': withList(ENTITIES.replace('__typename', '...on Contract{number}'), ENTITY, 2800),
  'a shorter list of one entity': withList(ENTITIES.replace('__typename', '...on Contract{number}'), ENTITY, 300),
  'entities of no type': withList(ENTITIES, '{"__typename":"X"}', 2000),
  'a literal list of one number': query((n) => customer(`contracts(numbers:[${list(4700, () => '"7"')}]) { a${n}: number }`)),
  'a default value of one number': query(
    (n) => `query Q${n}($n:[ID!]=[${list(4700, () => '"7"')}])${customer('contracts(numbers:$n) { number }')}`,
  ),
  'different numbers': (n) =>
    post(`{"query":"${CONTRACTS} #${n}","variables":{"n":[${list(20_000, (i) => `"${(n + 1) * 100_000 + i}"`, ',')}]}}`),
  'a list under many aliases': (n) =>
    post(
      JSON.stringify({
        query: `query Q${n}($n:[ID!]!)${customer(list(60, (i) => `a${i}:contracts(numbers:$n){number}`))}`,
        variables: { n: Array.from({ length: 500 }, () => '7') },
      }),
    ),
  'many contracts with all they have': query((n) => customer(list(80, (i) => contractAs(`a${i}`, n * 100 + i)))),
  'some contracts with all they have': query((n) => customer(list(20, (i) => contractAs(`a${i}`, n * 100 + i)))),
  'many customers': query((n) => `{${list(90, (i) => `a${i}:${customer(`contract(number:"${n}"){number}`).slice(1, -1)}`)}}`),
};

/** Greedy requests for a client with a token that the billing API does not accept. */
export const REQUESTS_WITH_BAD_TOKENS: Readonly<Record<string, MakeRequest>> = {
  ...ofSize(SIZES.full),
  ...OF_ANY_SIZE,
  ...VALID_OPERATIONS,
};
