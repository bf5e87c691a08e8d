import fc from 'fast-check';
import { createBillingApi, type BillingApi } from '../../src/billing-api/billing-api';
import { toSampleData } from '../../src/billing-api/data/sample-data';
import { startGateway, type Gateway } from '../support/gateway';
import { createPlainSchema } from '../support/plain-schema';
import { requestRaw } from '../support/raw-request';
import { randomOperation, VARIABLES } from '../support/random-operations';
import { FORMS, LISTED_ORIGIN, registration, type FormedRequest, type Operation } from '../support/request-forms';

/** A header by which Apollo Server executes a request, whatever is known of its operation; it changes nothing else. */
const BY_APOLLO = { 'apollo-federation-include-trace': 'none' };

interface Sent {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** What answered it, as its log line says. */
  readonly path: unknown;
}

async function send(gateway: Gateway, { headers, ...request }: FormedRequest, more: Record<string, string>): Promise<Sent> {
  const before = gateway.logLines.length;
  const answer = await requestRaw(gateway.port, {
    ...request,
    headers: { 'x-request-id': 'same', ...(request.body && { 'content-length': Buffer.byteLength(request.body) }), ...headers, ...more },
  });
  const line = gateway.logLines.slice(before).find((text) => text.includes('"msg":"operation"')) ?? '{}';
  return {
    status: answer.status,
    headers: {
      ...answer.headers,
      date: undefined,
      'server-timing': String(answer.headers['server-timing']).replace(/dur=[0-9.]+/g, 'dur'),
    },
    text: answer.text,
    path: (JSON.parse(line) as { path?: unknown }).path,
  };
}

interface Both {
  readonly reference: Sent;
  readonly compiled: Sent;
}

/** At how many objects it was noticed that there are too many is each execution's own affair. */
const withoutCount = (text: string): string => text.replace(/(at least |"results":)\d+/g, '$1…');

function expectSame({ reference, compiled }: Both): void {
  expect(withoutCount(compiled.text)).toBe(withoutCount(reference.text));
  expect(compiled.status).toBe(reference.status);
  expect(compiled.headers).toEqual(reference.headers);
}

const DATA = toSampleData();
/** The third witness beside the two paths: graphql-js over plain resolvers, which has nothing of the gateway's. */
const plainSchema = createPlainSchema(DATA);
/** What the billing API tells whom, by the `Authorization` of a request. */
const mayRead =
  (authorization: string | undefined) =>
  ({ idType, id }: { readonly idType: string; readonly id: string }): boolean => {
    const { mayRead: listed } = DATA.clients[0]!;
    return authorization === undefined && (listed === 'all' || listed.some((known) => known.idType === idType && known.id === id));
  };

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly { readonly path?: readonly unknown[] }[];
}
const pathsOf = ({ errors = [] }: Answer): string[] => errors.map(({ path }) => JSON.stringify(path)).sort();

/** What the third witness answers, by operation and caller: it is the same in each form that the operation is sent in. */
const witnesses = new Map<string, Promise<Answer>>();
function findWitness(operation: Operation, authorization: string | undefined): Promise<Answer> {
  const key = JSON.stringify([operation, authorization]);
  let witness = witnesses.get(key);
  if (!witness) witnesses.set(key, (witness = plainSchema.execute(operation, mayRead(authorization)) as Promise<Answer>));
  return witness;
}

/** The third witness says the same: the same data, in the same order, and errors at the same fields. Codes are the gateway's own. */
async function expectWitnessed(operation: Operation, { text }: Pick<Sent, 'text'>, headers: Record<string, string> = {}): Promise<void> {
  const witness = await findWitness(operation, headers['authorization']);
  const answer = JSON.parse(text) as Answer;
  expect(JSON.stringify(answer.data)).toBe(JSON.stringify(witness.data));
  if (answer.data !== undefined) expect(pathsOf(answer)).toEqual(pathsOf(witness));
}

/** Nothing is executed for it: its data is null. */
const isDry = (form: string): boolean => form === 'a dry run';

const customer = (selection: string): string => `{ customer(idType: "RUC", id: "80012345") { ${selection} } }`;

const SUCCESSES: readonly (readonly [string, Operation])[] = [
  [
    'a contract with everything',
    {
      query: customer(
        'contract(number: "700100") { number dueDate billingAddresses { street neighborhood city state country zipCode } invoices(first: 12) { nodes { number contractNumber billPeriod amount status } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { number } } } }',
      ),
    },
  ],
  ['amounts that a double cannot hold', { query: customer('contract(number: "700103") { invoices(first: 50) { nodes { amount } } }') }],
  [
    'the largest page there is',
    {
      query: customer('contract(number: "700101") { invoices(first: 1000) { nodes { number contractNumber billPeriod amount status } } }'),
    },
  ],
  ['a contract that is not known', { query: customer('contract(number: "999999") { number invoices { nodes { number } } }') }],
  [
    'a contract without invoices',
    { query: customer('contract(number: "700102") { invoices { nodes { number } pageInfo { hasNextPage endCursor } } }') },
  ],
  [
    'twenty aliases of one contract',
    {
      query: `${customer(Array.from({ length: 20 }, (_, i) => `c${i}: contract(number: "700100") { ...F }`).join(' '))} fragment F on Contract { dueDate invoices(first: 5) { nodes { number amount } } }`,
    },
  ],
  [
    'windows that overlap',
    {
      query: customer(
        'contract(number: "700100") { a: invoices(first: 6) { nodes { number } } b: invoices(first: 9) { nodes { number } pageInfo { hasNextPage } } }',
      ),
    },
  ],
  ['a customer alone', { query: customer('idType id __typename') }],
  [
    'entities',
    {
      query:
        'query E($r: [_Any!]!) { _entities(representations: $r) { __typename ... on Contract { dueDate number } ... on Customer { id } ... on Invoice { amount } } }',
      operationName: 'E',
      variables: {
        r: [
          { __typename: 'Contract', number: '700100', customer: { idType: 'RUC', id: '80012345' } },
          { __typename: 'Customer', idType: 'RUC', id: '1' },
          { __typename: 'Contract', number: '999999', customer: { idType: 'RUC', id: '80012345' } },
        ],
      },
    },
  ],
  [
    'variables of each kind',
    {
      query:
        'query Q($n: ID!, $f: Int = 3, $a: String, $s: Boolean!) { customer(idType: "RUC", id: "80012345") { contract(number: $n) { dueDate @skip(if: $s) invoices(first: $f, after: $a) { nodes { number } } } } }',
      variables: { n: '700100', s: false },
    },
  ],
];

/** More calls than any random operation makes: the witness, which makes none, reads each list to its end. */
const CALL_BUDGET = 30;

/** The gateway looks at the arguments below a contract before it asks for it: what is wrong with them is the contract's failure. */
const FAIL_EARLIER: ReadonlySet<string> = new Set(['a page that is too large', 'a cursor that nobody made']);

const FAILURES: readonly (readonly [string, Operation, Record<string, string>])[] = [
  ['no token', { query: customer('contract(number: "700100") { dueDate }') }, { authorization: '' }],
  ['a token that is refused', { query: customer('contract(number: "700100") { dueDate }') }, { authorization: 'Bearer nobody' }],
  [
    'a customer who is not theirs',
    { query: '{ customer(idType: "CPF", id: "11144477735") { contract(number: "550300") { dueDate } } }' },
    {},
  ],
  ['an argument that is not of its form', { query: customer('contract(number: "7/1") { dueDate }') }, {}],
  ['a page that is too large', { query: customer('contract(number: "700100") { invoices(first: 100000) { nodes { number } } }') }, {}],
  ['a cursor that nobody made', { query: customer('contract(number: "700100") { invoices(after: "x") { nodes { number } } }') }, {}],
  [
    'one contract that fails and one that does not',
    { query: customer('a: contract(number: "700100") { dueDate } b: contract(number: "x") { dueDate }') },
    {},
  ],
  [
    'more calls than are allowed',
    { query: customer(`contracts(numbers: [${Array.from({ length: CALL_BUDGET + 1 }, (_, i) => `"${i}"`).join(', ')}]) { dueDate }`) },
    {},
  ],
  [
    'more objects than are allowed',
    {
      query: `${customer(Array.from({ length: 8 }, (_, i) => `c${i}: contract(number: "700101") { ...F }`).join(' '))} fragment F on Contract { invoices(first: 1000) { nodes { number } } }`,
    },
    {},
  ],
  [
    'null from a variable with a default, for a root field that is not the first',
    {
      query: `query ($t: String = "RUC") { first: ${customer('id').slice(2, -2)} then: customer(idType: $t, id: "1") { id } }`,
      variables: { t: null },
    },
    {},
  ],
  ['a field that does not exist', { query: customer('nothing') }, {}],
  ['a document that cannot be parsed', { query: '{ customer(' }, {}],
  ['introspection', { query: '{ __schema { queryType { name } } _service { sdl } }' }, {}],
  ['an accepted type that is not had', { query: customer('id') }, { accept: 'image/png' }],
  ['a deadline that is none', { query: customer('id') }, { 'x-request-timeout-ms': 'soon' }],
  ['a dry run that is none', { query: customer('id') }, { 'x-billing-dry-run': 'yes' }],
];

const VARIABLES_OF_ALL_KINDS: readonly Record<string, unknown>[] = [
  { n: '700100' },
  {},
  { n: null },
  { n: ['700100'] },
  { n: 2 ** 60 },
  { n: 700100 },
  { n: '700100', more: 1 },
  { n: 'x' },
];

describe.each(['production', 'development'])('All paths of the pipeline, in %s', (mode) => {
  let api: BillingApi;
  let gateway: Gateway;
  let bearer: Record<string, string>;

  beforeAll(async () => {
    api = await createBillingApi();
    bearer = { authorization: `Bearer ${api.issueToken()}` };
    gateway = await startGateway({
      NODE_ENV: mode,
      BILLING_API_URL: api.url,
      INTROSPECTION: 'true',
      UPSTREAM_CALL_BUDGET: String(CALL_BUDGET),
      MAX_RESULTS: '7000',
      ...(mode === 'production' ? { CORS_ORIGINS: LISTED_ORIGIN } : {}),
    });
    // From now on, the billing API has accepted the token.
    expect(
      (await send(gateway, FORMS['a plain POST']!({ query: customer('contract(number: "700100") { dueDate }') }), bearer)).status,
    ).toBe(200);
  });
  afterAll(async () => {
    await gateway.close();
    await api.close();
  });

  /** The response of each path to one request. What came first has made the operation known. */
  async function sendByBoth(request: FormedRequest, headers: Record<string, string> = {}): Promise<Both> {
    const all = { ...bearer, ...headers };
    if (all['authorization'] === '') delete all['authorization'];
    const reference = await send(gateway, request, { ...all, ...BY_APOLLO });
    const compiled = await send(gateway, request, all);
    return { reference, compiled };
  }

  describe.each(Object.entries(FORMS))('answer %s', (form, toRequest) => {
    it.each(SUCCESSES)('alike, byte for byte: %s', async (_name, operation) => {
      if (form.includes('persisted')) await send(gateway, registration(operation), bearer);
      const both = await sendByBoth(toRequest(operation));
      expectSame(both);
      expect([both.reference.path, both.compiled.path]).toEqual(['reference', 'compiled']);
      expect(both.compiled.text).not.toContain('"errors"');
      if (!isDry(form)) await expectWitnessed(operation, both.compiled);
    });

    it('alike where it is refused or fails', async () => {
      let witnessed = 0;
      for (const [name, operation, headers] of FAILURES) {
        // What makes the operation known, where it may run at all.
        await send(gateway, registration(operation), bearer);
        const both = await sendByBoth(toRequest(operation), headers);
        expectSame(both);
        expect(both.reference.path).toBe('reference');
        // What is refused before it is executed is refused by rules of the gateway's.
        if (isDry(form) || FAIL_EARLIER.has(name) || !both.compiled.text.includes('"data"')) continue;
        await expectWitnessed(operation, both.compiled, headers);
        witnessed++;
      }
      expect(witnessed).toBe(isDry(form) ? 0 : 6);
    }, 60_000);

    it('alike where variables are not of their types, after the operation was answered', async () => {
      const query = 'query Q($n: ID!) { customer(idType: "RUC", id: "80012345") { contract(number: $n) { dueDate } } }';
      await send(gateway, registration({ query, variables: { n: '700100' } }), bearer);
      for (const variables of VARIABLES_OF_ALL_KINDS) {
        const both = await sendByBoth(toRequest({ query, variables }));
        expectSame(both);
        // A number that may have lost digits is refused by a rule of the gateway's.
        if (!isDry(form) && variables['n'] !== 2 ** 60) await expectWitnessed({ query, variables }, both.compiled);
      }
    });

    it('alike where a document has several operations', async () => {
      const query = `query A ${customer('id')} query B ${customer('idType')}`;
      await send(gateway, registration({ query, operationName: 'A' }), bearer);
      for (const operationName of ['A', 'B', 'C', '', null, undefined]) {
        const both = await sendByBoth(toRequest({ query, operationName }));
        expectSame(both);
        if (!isDry(form)) await expectWitnessed({ query, operationName }, both.compiled);
      }
    });
  });

  it.each([
    'application/json',
    '*/*',
    'application/graphql-response+json',
    'application/graphql-response+json, application/json;q=0.9',
    'text/html, application/json;q=0.5',
  ])('choose the same type of answer for Accept: %s', async (accept) => {
    expectSame(await sendByBoth(FORMS['a plain POST']!({ query: customer('contract(number: "700100") { dueDate }') }), { accept }));
  });

  it('answer whatever valid operation alike, in all forms', async () => {
    let compiled = 0;
    await fc.assert(
      fc.asyncProperty(randomOperation, async (query) => {
        const operation = { query, variables: VARIABLES };
        await send(gateway, registration(operation), bearer);
        for (const [form, toRequest] of Object.entries(FORMS)) {
          const both = await sendByBoth(toRequest(operation));
          expectSame(both);
          if (both.compiled.path === 'compiled') compiled++;
          // What is refused as a document is Apollo Server's each time.
          if (both.reference.status !== 200 || both.reference.text.includes('"errors"')) continue;
          expect(both.compiled.path).toBe('compiled');
          if (!isDry(form)) await expectWitnessed(operation, both.compiled);
        }
      }),
      { numRuns: 10 },
    );
    expect(compiled).toBeGreaterThan(2 * Object.keys(FORMS).length);
  }, 120_000);

  it('answer many operations at once alike, which share compiled code', async () => {
    const queries = fc.sample(randomOperation, 20);
    // How many calls operations have saved each other, which development says, is different each time.
    const sendAll = (more: Record<string, string>): Promise<string[]> =>
      Promise.all(
        queries.map(async (query) => {
          const { text } = await send(gateway, FORMS['a plain POST']!({ query, variables: VARIABLES }), { ...bearer, ...more });
          return JSON.stringify({ ...(JSON.parse(text) as object), extensions: undefined });
        }),
      );
    const references = await sendAll(BY_APOLLO);
    const from = gateway.logLines.length;
    for (let round = 0; round < 3; round++) expect(await sendAll({})).toEqual(references);
    expect(gateway.logLines.slice(from).filter((line) => line.includes('"path":"compiled"')).length).toBeGreaterThan(queries.length);
  }, 120_000);

  it('are told apart by this comparison when one of them writes something else', async () => {
    const { reference, compiled } = await sendByBoth(FORMS['a plain POST']!({ query: customer('id') }));
    const other = { ...compiled, text: compiled.text.replace('80012345', '80012346') };
    expect(() => expectSame({ reference, compiled: other })).toThrow();
    expect(() =>
      expectSame({ reference, compiled: { ...compiled, headers: { ...compiled.headers, 'cache-control': 'public' } } }),
    ).toThrow();
    await expectWitnessed({ query: customer('id') }, compiled);
    await expect(expectWitnessed({ query: customer('id') }, other)).rejects.toThrow();
    await expect(expectWitnessed({ query: customer('id contract(number: "x") { number }') }, compiled)).rejects.toThrow();
  });
});
