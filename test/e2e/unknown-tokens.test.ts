import { customer } from '../support/greedy-operations';
import type { Gateway } from '../support/gateway';
import { good, withScript } from '../support/scripted-gateway';
import type { Script } from '../support/scripted-upstream';

const CONTRACTS = 'query($n: [ID!]!) { customer(idType: "RUC", id: "80012345") { contracts(numbers: $n) { number } } }';
const ENTITIES = 'query($r: [_Any!]!) { _entities(representations: $r) { ... on Contract { number } } }';
const entity = (number: string): object => ({ __typename: 'Contract', customer: { idType: 'RUC', id: '80012345' }, number });
const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));

/** A document of more than 1,000 tokens: 40 contracts, each with a page of its own. */
const LONG = customer(
  many(
    40,
    (i) => `c${i}: contract(number: "${i + 1}") { number dueDate invoices(first: ${i + 1}) { nodes { number amount status } } }`,
  ).join(' '),
);
const TOO_LONG = LONG.replace('c0:', `c: contracts(numbers: [${many(110, (i) => `"9${i}"`).join(' ')}]) { number } c0:`);
/** As long, about one contract: what is asked at once makes one call. */
const LONG_OF_ONE = customer(
  many(
    60,
    (i) => `c${i}: contract(number: "7") { number dueDate invoices(first: ${(i % 3) + 1}) { nodes { number amount status } } }`,
  ).join(' '),
);

const OPERATIONS: Readonly<Record<string, readonly [string, object, number]>> = {
  'a long document': [LONG, {}, 40],
  'a long document about one contract': [LONG_OF_ONE, {}, 1],
  'a large body': [`${CONTRACTS} #${' '.repeat(33_000)}`, { n: ['1', '2'] }, 2],
  'a list of more members than calls are allowed': [CONTRACTS, { n: many(1500, () => '7') }, 1],
  'more than ten contracts': [customer(many(11, (i) => `c${i}: contract(number: "${i + 1}") { number dueDate }`).join(' ')), {}, 11],
  'as many entities': [ENTITIES, { r: many(150, (i) => entity(String(i % 50))) }, 50],
};

const ACCEPT: Script = (request) => good(request);
const REFUSE: Script = () => ({ status: 401, body: {} });

describe('A token that the billing API has never accepted', () => {
  it.each(Object.entries(OPERATIONS))('is decided on before anything is done for %s', async (_name, [query, variables]) => {
    await withScript(REFUSE, async ({ gateway, upstream }) => {
      for (const calls of [1, 2]) {
        const { status, headers, data, errors } = await gateway.query(query, variables);
        expect([status, headers.get('www-authenticate'), data]).toEqual([401, 'Bearer error="invalid_token"', undefined]);
        expect(errors).toEqual([
          {
            message: 'The billing API did not accept the bearer token. Ask for a new token and try again.',
            extensions: { code: 'UNAUTHENTICATED' },
          },
        ]);
        expect(upstream.requests).toHaveLength(calls);
      }
    });
  });

  it.each(Object.entries(OPERATIONS))(
    'gets the same response for %s as an accepted one, for as many calls',
    async (_name, [query, variables, calls]) => {
      await withScript(ACCEPT, async ({ gateway, upstream }) => {
        const first = await gateway.query(query, variables);
        expect([first.status, first.errors, upstream.requests.length]).toEqual([200, [], calls]);
        const again = await gateway.query(query, variables);
        expect(again.data).toEqual(first.data);
        expect(again.extensions).toEqual(first.extensions);
        expect(upstream.requests).toHaveLength(2 * calls);
      });
    },
  );

  it('is decided on for a large body of an operation that others have made known', async () => {
    const script: Script = (request) => (request.headers.authorization === 'Bearer good' ? good(request) : REFUSE(request, 0));
    await withScript(script, async ({ gateway, upstream }) => {
      for (let i = 0; i < 3; i++) expect((await gateway.query(CONTRACTS, { n: ['1'] }, { token: 'good' })).errors).toEqual([]);
      for (const count of [8000, 150]) {
        const before = upstream.requests.length;
        const { status, errors } = await gateway.query(CONTRACTS, { n: many(count, () => '7') }, { token: `bad${count}` });
        expect([status, errors[0]?.extensions?.['code'], upstream.requests.length - before]).toEqual([401, 'UNAUTHENTICATED', 1]);
      }
    });
  });

  it('is decided on before an export as well, and its rows are the same', async () => {
    const ask = (gateway: Gateway, query: string, token: string) =>
      fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/csv', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query }),
      });
    const query = `${customer('contract(number: "7") { invoices(first: 5) { nodes { number } } }')} #${' '.repeat(33_000)}`;
    await withScript(REFUSE, async ({ gateway, upstream }) => {
      expect((await ask(gateway, query, 'bad')).status).toBe(401);
      expect(upstream.requests).toHaveLength(1);
    });
    await withScript(ACCEPT, async ({ gateway }) => {
      const first = await ask(gateway, query, 'good');
      expect(first.status).toBe(200);
      expect(await first.text()).toBe(await (await ask(gateway, query, 'good')).text());
    });
  });

  it('has no large dry runs, which cannot tell who it is of', async () => {
    const headers = { 'x-billing-dry-run': '1' };
    const predicted = { prediction: { calls: 40, atLeast: false, budget: 100 } };
    await withScript(ACCEPT, async ({ gateway, upstream }) => {
      for (const [query, what] of [
        [LONG, 'document of more than 1000 tokens'],
        [`${CONTRACTS} #${' '.repeat(33_000)}`, 'body of more than 32768 bytes'],
      ] as const) {
        const { status, errors } = await gateway.query(query, { n: ['1'] }, { headers });
        expect([status, errors[0]?.extensions]).toEqual([400, { code: 'BAD_REQUEST' }]);
        expect(errors[0]?.message).toContain(`A dry run with a ${what} needs a token that the billing API has accepted`);
      }
      const same = await gateway.query(CONTRACTS, { n: many(2000, () => '7') }, { headers });
      expect([same.status, same.extensions]).toMatchObject([200, { billing: { prediction: { calls: 1 } } }]);
      expect(upstream.requests).toHaveLength(0);
      await gateway.query(CONTRACTS, { n: ['1'] });
      expect((await gateway.query(LONG, {}, { headers })).extensions).toMatchObject({ billing: predicted });
    });
  });

  it('makes no call for an operation that would make too many', async () => {
    await withScript(ACCEPT, async ({ gateway, upstream }) => {
      for (const [query, variables] of [
        [CONTRACTS, { n: many(101, (i) => String(i)) }],
        [CONTRACTS, { n: many(20_000, (i) => String(i)) }],
        [ENTITIES, { r: many(2000, (i) => entity(String(i))) }],
        [TOO_LONG, {}],
      ] as const) {
        const { status, errors } = await gateway.query(query, variables);
        expect([status, errors[0]?.extensions]).toEqual([
          400,
          expect.objectContaining({ code: 'UPSTREAM_BUDGET_EXCEEDED', callBudget: 100 }),
        ]);
      }
      expect(upstream.requests).toHaveLength(0);
    });
  });

  it('is told what is wrong with a long document, whatever the token', async () => {
    await withScript(REFUSE, async ({ gateway, upstream }) => {
      const circle = `${LONG.replace('c0:', '...A c0:')} fragment A on Customer { ...A }`;
      for (const document of [LONG.replace('dueDate', 'dueDay'), circle]) {
        const { status, errors } = await gateway.query(document, {});
        expect([status, errors[0]?.extensions?.['code']]).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
      }
      expect(upstream.requests).toHaveLength(0);
    });
    await withScript(ACCEPT, async ({ gateway }) => {
      const { status, errors } = await gateway.query(LONG.replace('first: 1)', 'first: "1")'), {});
      expect([status, errors[0]?.extensions?.['code']]).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
    });
  });

  it('meets every other failure as an accepted one does', async () => {
    const failing: Script = () => ({ status: 500, body: {} });
    await withScript(failing, async ({ gateway, upstream }) => {
      const { status, errors } = await gateway.query(LONG_OF_ONE, {});
      expect([status, errors.length, errors[0]?.extensions?.['code']]).toEqual([200, 60, 'UPSTREAM_UNAVAILABLE']);
      expect(upstream.requests).toHaveLength(1);
    });
  });

  it.each(Object.entries(OPERATIONS))(
    'has nothing done for %s whose time is over before it is decided on',
    async (_name, [query, variables]) => {
      await withScript(
        () => ({ hang: 'before-headers' }),
        async ({ gateway, upstream }) => {
          const { status, text } = await gateway.query(query, variables, { headers: { 'x-request-timeout-ms': '500' } });
          expect([status, JSON.parse(text)]).toEqual([
            504,
            { errors: [{ message: expect.stringContaining('took longer than it may'), extensions: { code: 'UPSTREAM_TIMEOUT' } }] },
          ]);
          expect(upstream.requests.length).toBeLessThanOrEqual(1);
        },
      );
    },
  );

  it('gets the response to a long document that asks nothing, or does not say which operation is meant', async () => {
    await withScript(REFUSE, async ({ gateway, upstream }) => {
      const document = `query Long ${LONG} query Short { __typename }`;
      const { data } = await gateway.query(document, {}, { operationName: 'Short' });
      expect(data).toEqual({ __typename: 'Query' });
      const { status, errors } = await gateway.query(document, {});
      expect([status, errors[0]?.extensions]).toEqual([400, { code: 'OPERATION_RESOLUTION_FAILURE' }]);
      expect(upstream.requests).toHaveLength(0);
    });
  });

  it('may have ten calls refused one by one, with an error at each field', async () => {
    await withScript(REFUSE, async ({ gateway, upstream }) => {
      const { status, errors } = await gateway.query(CONTRACTS.replace('number }', 'dueDate }'), { n: many(10, String) });
      expect([status, errors.length, upstream.requests.length]).toEqual([200, 10, 10]);
    });
  });

  it('may have as many values as entities and numbers of contracts have, and an accepted one any number', async () => {
    const large = { n: many(40_000, () => '7') };
    await withScript(
      ACCEPT,
      async ({ gateway, upstream }) => {
        const refused = await gateway.query(CONTRACTS, large);
        expect([refused.status, refused.errors[0]?.extensions]).toEqual([400, { code: 'BAD_REQUEST' }]);
        expect(refused.errors[0]?.message).toMatch(
          /^The JSON of the request body has more than 21\d{3} values in 160\d{3} bytes\. No more are/,
        );
        expect(upstream.requests).toHaveLength(0);
        // As many as fit into 256 KiB.
        const numbers = { n: many(28_500, (i) => String(700_000 + (i % 90))) };
        expect((await gateway.query(CONTRACTS, numbers, { token: 'b' })).errors).toEqual([]);
        const entities = { r: many(2950, (i) => ({ ...entity(String(700_000 + (i % 90))) })) };
        expect((await gateway.query(ENTITIES, entities, { token: 'c' })).errors).toEqual([]);
        for (let time = 0; time < 3; time++) expect((await gateway.query(CONTRACTS, large, { token: 'c' })).errors).toEqual([]);
      },
      { MAX_RESULTS: '100000' },
    );
  });

  it('has few values in an operation that asks nothing, and so tells nothing of it', async () => {
    await withScript(ACCEPT, async ({ gateway, upstream }) => {
      const customers = (count: number) => ({ r: many(count, (i) => ({ __typename: 'Customer', idType: 'RUC', id: String(i) })) });
      const ids = 'query($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { nodeId } } }';
      expect((await gateway.query(ids, customers(1000))).errors).toEqual([]);
      for (const [query, variables] of [
        [ids, customers(2500)],
        [CONTRACTS, { n: many(9000, () => 'none') }],
        [CONTRACTS, { n: many(9000, () => 1.25) }],
      ] as const) {
        const { status, errors } = await gateway.query(query, variables);
        expect([status, errors[0]?.extensions]).toEqual([400, { code: 'BAD_REQUEST' }]);
        expect(errors[0]?.message).toContain('more than 8192 values in its variables, and makes no call');
      }
      expect(upstream.requests).toHaveLength(0);
      await gateway.query(CONTRACTS, { n: ['1'] });
      expect((await gateway.query(ids, customers(2500))).errors).toEqual([]);
    });
  });

  it('may have 200 fields that fail, and an accepted one 1,000', async () => {
    await withScript(ACCEPT, async ({ gateway }) => {
      const malformed = { r: many(201, () => ({ __typename: 'Nothing' })) };
      const ask = async (): Promise<unknown> => (await gateway.query(ENTITIES, malformed)).errors[0]?.extensions;
      expect(await ask()).toEqual({ code: 'RESULT_LIMIT_EXCEEDED', failures: 201, maxFailures: 200 });
      await gateway.query(CONTRACTS, { n: ['1'] });
      expect(await ask()).toEqual({ code: 'BAD_USER_INPUT' });
    });
  });
});
