import type { ScriptedAnswer } from '../support/scripted-upstream';
import { byContract, errorsOf, good, withScript } from '../support/scripted-gateway';

const notFound: ScriptedAnswer = { status: 404, body: { error: { message: 'There is no such contract.' } } };
const failures: [number, string][] = [
  [401, 'UNAUTHENTICATED'],
  [403, 'FORBIDDEN'],
  [400, 'BAD_USER_INPUT'],
  [429, 'RATE_LIMITED'],
  [500, 'UPSTREAM_UNAVAILABLE'],
];
const inCustomer = (body: string): string => `{ customer(idType: "RUC", id: "1") { ${body} } }`;
const contractKey = (number: string): string =>
  `{ __typename: "Contract", number: "${number}", customer: { __typename: "Customer", idType: "RUC", id: "1" } }`;
const invoiceKey = (contract: string, number: string): string =>
  `{ __typename: "Invoice", number: "${number}", contract: ${contractKey(contract)} }`;

describe('404 from the billing API', () => {
  it('is null without an error: a contract, a place in a list, an entity, an invoice', async () => {
    await withScript(byContract({ 9: notFound }), async ({ gateway }) => {
      const { data, errors, status } = await gateway.query(`{
        customer(idType: "RUC", id: "1") { none: contract(number: "9") { dueDate invoices { nodes { number } } } keyAlone: contract(number: "9") { number } searched: contract(number: "9") { invoice(number: "x") { number } } some: contracts(numbers: ["1", "9", "2"]) { number } }
        _entities(representations: [${contractKey('9')}, ${contractKey('1')}, ${invoiceKey('9', 'x')}, ${invoiceKey('1', '1-000001')}, ${invoiceKey('1', 'none')}]) { ... on Contract { number dueDate } ... on Invoice { amount } }
      }`);
      expect([status, errors]).toEqual([200, []]);
      expect(data).toEqual({
        customer: { none: null, keyAlone: null, searched: null, some: [{ number: '1' }, null, { number: '2' }] },
        _entities: [null, { number: '1', dueDate: '2025-07-15' }, null, { amount: 1001 }, null],
      });
    });
  });

  it("is null without an error for all a customer's invoices", async () => {
    await withScript(
      () => notFound,
      async ({ gateway, upstream }) => {
        const { data, errors } = await gateway.query(inCustomer('idType invoices { nodes { number } }'));
        expect([data, errors]).toEqual([{ customer: { idType: 'RUC', invoices: null } }, []]);
        expect(upstream.requests[0]?.url).not.toContain('contractNumber');
      },
    );
  });

  it('is null without an error for the contract that an invoice of the customer names', async () => {
    await withScript(
      (request) => (request.url.includes('contractNumber') ? notFound : good(request)),
      async ({ gateway }) => {
        const { data, errors } = await gateway.query(inCustomer('invoices { nodes { number contract { dueDate } } }'));
        expect(errors).toEqual([]);
        expect(data.customer.invoices.nodes[0]).toEqual({ number: '1-000000', contract: null });
      },
    );
  });
});

describe('200 without invoices', () => {
  it.each([
    ['an empty list', { contractNo: '1', dueDate: 'soon', invoiceCollection: [] }],
    ['no list', { contractNo: '1', dueDate: 'soon' }],
    ['null for a list', { contractNo: '1', dueDate: 'soon', invoiceCollection: null }],
  ])('is the contract with an empty connection where there is %s', async (_what, body) => {
    await withScript(
      () => ({ body }),
      async ({ gateway }) => {
        const connection = '{ edges { cursor } nodes { number } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }';
        const { data, errors } =
          await gateway.query(`{ customer(idType: "RUC", id: "1") { contract(number: "1") { dueDate billingAddresses { city } invoices ${connection} invoice(number: "x") { number } } }
        _entities(representations: [${contractKey('1')}]) { ... on Contract { invoices ${connection} } } }`);
        expect(errors).toEqual([]);
        const empty = {
          edges: [],
          nodes: [],
          pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
        };
        expect(data).toEqual({
          customer: { contract: { dueDate: 'soon', billingAddresses: null, invoices: empty, invoice: null } },
          _entities: [{ invoices: empty }],
        });
      },
    );
  });

  it('is an empty connection for all of a customer', async () => {
    await withScript(
      () => ({ body: { invoiceCollection: [] } }),
      async ({ gateway }) => {
        const { data, errors } = await gateway.query(inCustomer('invoices { nodes { number } pageInfo { hasNextPage } }'));
        expect([data, errors]).toEqual([{ customer: { invoices: { nodes: [], pageInfo: { hasNextPage: false } } } }, []]);
      },
    );
  });

  it('is an error where the response is an empty object: it says nothing of the contract', async () => {
    await withScript(
      () => ({ body: {} }),
      async ({ gateway }) => {
        const result = await gateway.query(inCustomer('contract(number: "1") { dueDate } invoices { nodes { number } }'));
        expect(result.data).toEqual({ customer: { contract: null, invoices: null } });
        expect(errorsOf(result)).toEqual(
          ['contract', 'invoices'].map((field) => ({ code: 'UPSTREAM_INVALID_RESPONSE', path: ['customer', field] })),
        );
      },
    );
  });
});

describe.each(failures)('A failure with the status %i', (status, code) => {
  const failing = byContract({ 9: { status } });
  // One 401 ends what else the operation asks for later; what was asked for at the same time keeps its answer.

  it('is null with an error at the contract, and at its place in a list; siblings keep their data', async () => {
    await withScript(failing, async ({ gateway }) => {
      const result = await gateway.query(
        inCustomer(
          'fine: contract(number: "1") { dueDate } bad: contract(number: "9") { dueDate invoices { nodes { number } } } list: contracts(numbers: ["1", "9"]) { number }',
        ),
      );
      expect(result.status).toBe(200);
      expect(result.data).toEqual({ customer: { fine: { dueDate: '2025-07-15' }, bad: null, list: [{ number: '1' }, null] } });
      expect(errorsOf(result)).toEqual(
        expect.arrayContaining([
          { code, path: ['customer', 'bad'] },
          { code, path: ['customer', 'list', 1] },
        ]),
      );
      expect(result.errors).toHaveLength(2);
    });
  });

  it('costs one entity, with its place in the path', async () => {
    await withScript(failing, async ({ gateway }) => {
      const result = await gateway.query(
        `{ _entities(representations: [${contractKey('1')}, ${contractKey('9')}, ${invoiceKey('9', 'x')}, ${contractKey('2')}]) { __typename ... on Contract { number } } }`,
      );
      expect(result.data).toEqual({
        _entities: [{ __typename: 'Contract', number: '1' }, null, null, { __typename: 'Contract', number: '2' }],
      });
      expect(errorsOf(result)).toEqual(
        expect.arrayContaining([
          { code, path: ['_entities', 1] },
          { code, path: ['_entities', 2] },
        ]),
      );
      expect(result.errors).toHaveLength(2);
    });
  });

  it("costs the field alone where the contract is known: a distant page, all of a customer's invoices, an invoice's contract", async () => {
    await withScript(
      (request) => (/pageInit=(?!0&)/.test(request.url) ? { status } : good(request, 50)),
      async ({ gateway }) => {
        const far = (await gateway.query(inCustomer('contract(number: "1") { invoices(first: 40) { pageInfo { endCursor } } }'))).data
          .customer.contract.invoices.pageInfo.endCursor as string;
        const result = await gateway.query(
          inCustomer(
            `contract(number: "1") { dueDate near: invoices(first: 1) { nodes { number } } far: invoices(first: 1, after: "${far}") { nodes { number } } }`,
          ),
        );
        expect(result.data).toEqual({
          customer: { contract: { dueDate: '2025-07-15', near: { nodes: [{ number: '1-000000' }] }, far: null } },
        });
        expect(errorsOf(result)).toEqual([{ code, path: ['customer', 'contract', 'far'] }]);
      },
    );
    await withScript(
      (request) => (request.url.includes('contractNumber') ? good(request) : { status }),
      async ({ gateway }) => {
        const result = await gateway.query(inCustomer('id invoices { nodes { number } }'));
        expect(result.data).toEqual({ customer: { id: '1', invoices: null } });
        expect(errorsOf(result)).toEqual([{ code, path: ['customer', 'invoices'] }]);
      },
    );
    await withScript(
      (request) => (request.url.includes('contractNumber') ? { status } : good(request, 1)),
      async ({ gateway }) => {
        const result = await gateway.query(inCustomer('invoices { nodes { number contract { dueDate } } }'));
        expect(result.data).toEqual({ customer: { invoices: { nodes: [{ number: '1-000000', contract: null }] } } });
        expect(errorsOf(result)).toEqual([{ code, path: ['customer', 'invoices', 'nodes', 0, 'contract'] }]);
      },
    );
  });
});

describe('An entity', () => {
  it('that is not of its form costs its own place, whatever it is', async () => {
    await withScript(good, async ({ gateway, upstream }) => {
      const bad = [
        '{}',
        '{ __typename: "Nothing" }',
        '{ __typename: "PageInfo" }',
        '{ __typename: "Customer" }',
        '{ __typename: "Customer", idType: "../x", id: "1" }',
        '{ __typename: "Contract", number: "1" }',
        '{ __typename: "Contract", number: "1/2", customer: { idType: "RUC", id: "1" } }',
        '{ __typename: "Invoice", number: "1" }',
        '"text"',
        '5',
        '{ __typename: "Invoice", number: "", contract: { number: "1", customer: { idType: "RUC", id: "1" } } }',
        '[]',
      ];
      const result = await gateway.query(`{ _entities(representations: [${[...bad, contractKey('1')].join(', ')}]) { __typename } }`);
      expect(result.data).toEqual({ _entities: [...bad.map(() => null), { __typename: 'Contract' }] });
      expect(errorsOf(result)).toHaveLength(bad.length);
      expect(errorsOf(result)).toEqual(
        expect.arrayContaining(bad.map((_each, index) => ({ code: 'BAD_USER_INPUT', path: ['_entities', index] }))),
      );
      expect(upstream.requests).toHaveLength(1);
    });
  });

  it('may have its numbers as JSON numbers, as long as they kept their digits', async () => {
    await withScript(good, async ({ gateway, upstream }) => {
      const ask = (number: unknown) =>
        gateway.query('query($r: [_Any!]!) { _entities(representations: $r) { ... on Contract { number customer { id } } } }', {
          r: [{ __typename: 'Contract', number, customer: { idType: 'RUC', id: 1 } }],
        });
      expect((await ask(700100)).data).toEqual({ _entities: [{ number: '700100', customer: { id: '1' } }] });
      expect(errorsOf(await ask(90071992547409931n.toString()))).toEqual([]);
      const calls = upstream.requests.length;
      expect(errorsOf(await ask(2 ** 60))).toEqual([{ code: 'BAD_USER_INPUT', path: ['_entities', 0] }]);
      expect(errorsOf(await ask(1.5))).toEqual([{ code: 'BAD_USER_INPUT', path: ['_entities', 0] }]);
      expect(upstream.requests).toHaveLength(calls);
    });
  });
});
