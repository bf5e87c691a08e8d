import fc from 'fast-check';
import { requestRaw } from '../support/raw-request';
import { startGateway, type Gateway } from '../support/gateway';

/** Names that every object of JavaScript has, among ordinary ones. */
const NAMES = ['n', 'first', 'toString', 'valueOf', 'constructor', 'hasOwnProperty', '__defineGetter__', 'isPrototypeOf'] as const;

/** A place for a variable: the types that may stand there, and the operation's selection around it. */
interface Place {
  readonly types: readonly string[];
  readonly selection: (name: string) => string;
}

const customer = (selection: string): string => `customer(idType: "RUC", id: "80012345") { ${selection} }`;
const PLACES: readonly Place[] = [
  {
    types: ['Int', 'Int!', 'Int = 3', 'Int! = 3'],
    selection: (n) => customer(`contract(number: "700100") { invoices(first: $${n}) { nodes { number } } }`),
  },
  {
    types: ['String', 'String!', 'String = "x"'],
    selection: (n) => customer(`contract(number: "700100") { invoices(first: 2, after: $${n}) { nodes { number } } }`),
  },
  {
    types: ['ID!', 'ID! = "700100"', 'ID = "700100"', 'ID! = 700100'],
    selection: (n) => customer(`contract(number: $${n}) { number dueDate }`),
  },
  { types: ['[ID!]!', '[ID!]! = ["700100"]', '[ID!]! = "700100"'], selection: (n) => customer(`contracts(numbers: $${n}) { number }`) },
  { types: ['ID!', 'ID! = 700101'], selection: (n) => customer(`contracts(numbers: ["700100", $${n}]) { number }`) },
  {
    types: ['Boolean!', 'Boolean = true', 'Boolean! = false'],
    selection: (n) => customer(`id contract(number: "700100") { number dueDate @include(if: $${n}) }`),
  },
  { types: ['Boolean!', 'Boolean = true'], selection: (n) => `${customer('id ...F')} } fragment F on Customer { idType @skip(if: $${n})` },
  { types: ['String!', 'String! = "RUC"'], selection: (n) => `customer(idType: $${n}, id: 80012345) { id idType }` },
  { types: ['[_Any!]!'], selection: (n) => `_entities(representations: $${n}) { __typename ... on Contract { dueDate } }` },
];

/** What a client may send, as JSON; undefined: nothing. */
const VALUES: readonly (string | undefined)[] = [
  undefined,
  'null',
  'true',
  'false',
  '0',
  '1',
  '3',
  '-1',
  '3.0',
  '1e0',
  '2.5',
  '2147483648',
  '9007199254740993',
  '4503599627370497.4',
  '1.00000000000000000001',
  '700100',
  '"700100"',
  '"3"',
  '""',
  '"RUC"',
  '[]',
  '["700100"]',
  '["700100", 700101]',
  '[null]',
  '[["700100"]]',
  '{}',
  '{"a":1}',
  '[{"__typename":"Contract","number":"700100","customer":{"idType":"RUC","id":80012345}}]',
  '[{"__typename":"Contract","number":4503599627370497.4,"customer":{"idType":"RUC","id":"1"}}]',
  '{"constructor":1}',
];

describe('A variable', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway({ CACHE_TTL_SECONDS: '60' });
  });
  afterAll(() => gateway.close());

  async function send(body: string, headers: Record<string, string> = {}): Promise<string> {
    const token = gateway.app.billingApi?.issueToken() ?? '';
    const answer = await requestRaw(gateway.port, {
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
      body,
    });
    // What an answer cost differs between the first and the next.
    return `${answer.status} ${answer.text.replace(/,"extensions":\{"billing".*$/s, '')}`;
  }

  it('is coerced alike by graphql-js, by the compiled execution and by the response cache, whatever its name, type and value', async () => {
    const requests = fc.record({
      place: fc.constantFrom(...PLACES),
      type: fc.nat(),
      name: fc.constantFrom(...NAMES),
      value: fc.constantFrom(...VALUES),
      other: fc.constantFrom(undefined, '1', 'null'),
    });
    await fc.assert(
      fc.asyncProperty(requests, async ({ place, type, name, value, other }) => {
        const query = `query($${name}: ${place.types[type % place.types.length] as string}) { ${place.selection(name)} }`;
        const variables = [
          ...(value === undefined ? [] : [`${JSON.stringify(name)}:${value}`]),
          ...(other === undefined ? [] : [`"unused":${other}`]),
        ].join(',');
        const body = `{"query":${JSON.stringify(query)},"variables":{${variables}}}`;
        const reference = await send(body, { 'apollo-federation-include-trace': 'none' });
        for (let time = 0; time < 3; time++) expect({ body, answer: await send(body) }).toEqual({ body, answer: reference });
      }),
      { numRuns: 150 },
    );
  });

  it.each([...NAMES, '__proto__'])('that is absent leaves the argument out, if it is called %s', async (name) => {
    const query = (args: string, declared: string): string =>
      JSON.stringify({ query: `query${declared} { ${customer(`contract(number: "700100") { invoices${args} { nodes { number } } }`)} }` });
    const expected = await send(query('', ''));
    expect(expected).toMatch(/^200 \{"data"/);
    for (let time = 0; time < 3; time++) expect(await send(query(`(first: $${name})`, `($${name}: Int)`))).toBe(expected);
  });

  it.each(NAMES)('that is sent is used, if it is called %s', async (name) => {
    const query = `query($${name}: Int) { ${customer(`contract(number: "700100") { invoices(first: $${name}) { nodes { number } } }`)} }`;
    for (let time = 0; time < 3; time++) {
      const answer = await send(JSON.stringify({ query, variables: Object.fromEntries([[name, 2]]) }));
      expect(answer.match(/"number"/g)).toHaveLength(2);
    }
  });

  it('of type Int! is refused as a text each time, also once its operation is compiled', async () => {
    const query = `query($n: Int!) { ${customer('contract(number: "700100") { invoices(first: $n) { nodes { number } } }')} }`;
    const by = (n: unknown): Promise<string> => send(JSON.stringify({ query, variables: { n } }));
    for (let time = 0; time < 3; time++) {
      expect(await by(5)).toMatch(/^200 \{"data"/);
      expect(await by('5')).toMatch(/^400 .*BAD_USER_INPUT/s);
    }
  });

  it('whose fraction JSON rounds away is no identifier', async () => {
    const body = '{"query":"query($i: ID!) { customer(idType: \\"A\\", id: $i) { id } }","variables":{"i":4503599627370497.4}}';
    for (let time = 0; time < 3; time++) expect(await send(body)).toMatch(/^400 .*BAD_USER_INPUT/s);
  });
});
