import { toCursor } from '../support/invoice-cursor';
import { startGateway } from '../support/gateway';
import { errorsOf, good, withScript } from '../support/scripted-gateway';

const DRY = { headers: { 'x-billing-dry-run': '1' } };
const inCustomer = (body: string): string => `{ customer(idType: "RUC", id: "1") { ${body} } }`;
const CONTRACT = inCustomer('contract(number: "1") { dueDate }');
const nodes = '{ nodes { number } }';
const NOTHING = { calls: 0, merged: 0, cached: 0, stale: 0 };

describe.each(['production', 'development'])('A dry run, in %s', (mode) => {
  const settings = { NODE_ENV: mode, UPSTREAM_CALL_BUDGET: '5', BILLING_API_MAX_QUANTITY: '10', INTROSPECTION: 'true' };

  it.each([
    ['a contract', CONTRACT, 1, false],
    ['a customer alone', inCustomer('id'), 0, false],
    [
      'pages that touch',
      inCustomer(`contract(number: "1") { a: invoices(first: 3) ${nodes} b: invoices(first: 3, after: "${toCursor(2)}") ${nodes} }`),
      1,
      false,
    ],
    ['a page longer than a call may be', inCustomer(`contract(number: "1") { invoices(first: 25) ${nodes} }`), 3, false],
    [
      'a page of the largest size that is asked whether another follows',
      inCustomer(`contract(number: "1") { invoices(first: 10) { nodes { number } pageInfo { hasNextPage } } }`),
      2,
      false,
    ],
    ['several contracts', inCustomer('contracts(numbers: ["1", "2", "2", "3"]) { dueDate }'), 3, false],
    ['a search', inCustomer('contract(number: "1") { invoice(number: "7") { amount } }'), 1, true],
    [
      'entities',
      '{ _entities(representations: [{ __typename: "Contract", number: "1", customer: { idType: "RUC", id: "1" } }, { __typename: "Customer", idType: "RUC", id: "1" }]) { ... on Contract { dueDate } } }',
      1,
      false,
    ],
    ['the schema', '{ __schema { queryType { name } } }', 0, false],
  ])('tells how many calls %s would be, and makes none', (_what, query, calls, atLeast) =>
    withScript(
      (request) => good(request, 100),
      async ({ gateway, upstream }) => {
        // Twice, since what comes again takes another way through the gateway; and once more after it was executed.
        for (const options of [DRY, DRY, {}, DRY, {}, DRY]) {
          const before = upstream.requests.length;
          const { status, text, headers } = await gateway.query(query, undefined, options);
          if (options !== DRY) continue;
          expect(JSON.parse(text)).toEqual({
            data: null,
            extensions: { billing: { ...NOTHING, prediction: { calls, atLeast, budget: 5 } } },
          });
          expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
          expect(upstream.requests.length - before).toBe(0);
        }
      },
      settings,
    ),
  );

  it('is right about what the operation then costs', () =>
    withScript(
      good,
      async ({ gateway, upstream }) => {
        const query = inCustomer(
          `contracts(numbers: ["1", "2"]) { a: invoices(first: 2) ${nodes} b: invoices(first: 2, after: "${toCursor(50)}") ${nodes} }`,
        );
        const { extensions } = await gateway.query(query, undefined, DRY);
        await gateway.query(query);
        expect(extensions?.['billing'].prediction.calls).toBe(upstream.requests.length);
      },
      settings,
    ));

  it('does not look into the cache, nor at answers that are kept whole', () =>
    withScript(
      good,
      async ({ gateway, upstream }) => {
        for (let i = 0; i < 4; i++) await gateway.query(CONTRACT);
        const { data, extensions } = await gateway.query(CONTRACT, undefined, DRY);
        expect([data, extensions]).toEqual([null, { billing: { ...NOTHING, prediction: { calls: 1, atLeast: false, budget: 5 } } }]);
        expect(upstream.requests).toHaveLength(1);
        // Nor does it leave anything there.
        expect((await gateway.query(CONTRACT)).data).toEqual({ customer: { contract: { dueDate: '2025-07-15' } } });
      },
      { ...settings, CACHE_TTL_SECONDS: '30' },
    ));

  it('is refused as the operation itself would be', () =>
    withScript(
      good,
      async ({ gateway, upstream }) => {
        const missing = await gateway.query(CONTRACT, undefined, { ...DRY, token: null });
        expect([missing.status, missing.headers.get('www-authenticate'), missing.data, errorsOf(missing)[0]?.code]).toEqual([
          401,
          'Bearer',
          undefined,
          'UNAUTHENTICATED',
        ]);
        const large = await gateway.query(inCustomer('contracts(numbers: ["1", "2", "3", "4", "5", "6"]) { dueDate }'), undefined, DRY);
        expect([large.status, large.data, large.errors[0]?.extensions]).toEqual([
          400,
          undefined,
          { code: 'UPSTREAM_BUDGET_EXCEEDED', calls: 6, callBudget: 5 },
        ]);
        const invalid = await gateway.query(inCustomer('nothing'), undefined, DRY);
        expect([invalid.status, errorsOf(invalid)[0]?.code]).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
        expect(upstream.requests).toHaveLength(0);
      },
      settings,
    ));

  it.each([
    ['of a customer', '{ customer(idType: "RUC", id: "x/y") { contract(number: "1") { dueDate } } }', ['customer'], 0],
    ['of a contract', inCustomer('good: contract(number: "1") { dueDate } bad: contract(number: "x") { dueDate }'), ['customer', 'bad'], 1],
    ['of a page', inCustomer(`contract(number: "1") { invoices(first: -1) ${nodes} }`), ['customer', 'contract', 'invoices'], 0],
    [
      'of a cursor far below',
      inCustomer(`contract(number: "1") { customer { contract(number: "2") { invoices(after: "x") ${nodes} } } }`),
      ['customer', 'contract', 'customer', 'contract', 'invoices'],
      0,
    ],
    [
      'of an entity',
      '{ _entities(representations: [{ __typename: "Contract", number: "x", customer: { idType: "RUC", id: "1" } }]) { __typename } }',
      ['_entities', 0],
      0,
    ],
  ])('tells of an argument %s that is not of its form, as the operation itself does', (_what, query, path, calls) =>
    withScript(
      good,
      async ({ gateway, upstream }) => {
        const dry = await gateway.query(query, undefined, DRY);
        expect(upstream.requests).toHaveLength(0);
        expect([dry.status, dry.data, errorsOf(dry)]).toEqual([200, null, [{ code: 'BAD_USER_INPUT', path }]]);
        expect(dry.extensions).toEqual({ billing: { ...NOTHING, prediction: { calls, atLeast: false, budget: 5 } } });
        expect((await gateway.query(query)).errors).toEqual(dry.errors);
      },
      settings,
    ),
  );

  it.each(['true', '0', '', 'yes', '1, 1'])('is never taken for a real run: the value %j is refused', (value) =>
    withScript(
      good,
      async ({ gateway, upstream }) => {
        for (let i = 0; i < 2; i++) {
          const answer = await gateway.query(CONTRACT, undefined, { headers: { 'x-billing-dry-run': value } });
          expect([answer.status, errorsOf(answer)[0]?.code, answer.errors[0]?.message]).toEqual([
            400,
            'BAD_REQUEST',
            expect.stringContaining('x-billing-dry-run'),
          ]);
          await gateway.query(CONTRACT);
        }
        expect(upstream.requests).toHaveLength(2);
      },
      settings,
    ),
  );
});

describe('A dry run', () => {
  it('needs no token where the operation needs none', async () => {
    const gateway = await startGateway();
    const { status, data, extensions } = await gateway.query('{ __typename }', undefined, { ...DRY, token: null });
    await gateway.close();
    expect([status, data, extensions]).toEqual([
      200,
      null,
      { billing: { ...NOTHING, prediction: { calls: 0, atLeast: false, budget: 100 } } },
    ]);
  });

  it('can be asked for by GET', async () => {
    await withScript(good, async ({ gateway, upstream }) => {
      const response = await fetch(`${gateway.url}/graphql?query=${encodeURIComponent(CONTRACT)}`, {
        headers: { authorization: 'Bearer t', ...DRY.headers },
      });
      expect(await response.json()).toMatchObject({ data: null, extensions: { billing: { prediction: { calls: 1 } } } });
      expect(upstream.requests).toHaveLength(0);
    });
  });
});
