import fc from 'fast-check';
import { composeServices } from '@apollo/composition';
import { composeServices as composeWithGuild } from '@theguild/federation-composition';
import { federateSubgraphs } from '@wundergraph/composition';
import { parse, printSchema } from 'graphql';
import { toContractNodeId, toCustomerNodeId } from '../../src/billing/model/node-id';
import { printSubgraph } from '../../src/graphql/schema/subgraph';
import { startGateway } from '../support/gateway';
import { errorsOf, good, withScript } from '../support/scripted-gateway';

const RUC = { idType: 'RUC', id: '1' };
const CONTRACT = toContractNodeId(RUC, '7');
const NODES = 'invoices(first: 2) { nodes { number } }';

describe('A contract by its nodeId', () => {
  it('is the same as by its customer and number, for the same call', () =>
    withScript(
      (request) => good(request),
      async ({ gateway, upstream }) => {
        const selection = `{ nodeId number dueDate customer { nodeId idType id } ${NODES} }`;
        const query = `query ($nodeId: ID!) { fetch__Contract(nodeId: $nodeId) ${selection} customer(idType: "RUC", id: "1") { contract(number: "7") ${selection} } }`;
        // What comes again takes another way through the gateway.
        for (let time = 1; time <= 3; time++) {
          const { data, errors } = await gateway.query(query, { nodeId: CONTRACT });
          expect(errors).toEqual([]);
          expect(data.fetch__Contract).toMatchObject({
            nodeId: CONTRACT,
            number: '7',
            customer: { nodeId: toCustomerNodeId(RUC), ...RUC },
          });
          expect(data.fetch__Contract).toEqual(data.customer.contract);
          expect(upstream.requests).toHaveLength(time);
        }
      },
    ));

  it('is null where the billing API does not know it, and needs a token', () =>
    withScript(
      () => ({ status: 404 }),
      async ({ gateway }) => {
        const query = `{ fetch__Contract(nodeId: "${CONTRACT}") { dueDate } }`;
        expect((await gateway.query(query)).data).toEqual({ fetch__Contract: null });
        expect((await gateway.query(query, undefined, { token: null })).status).toBe(401);
      },
    ));

  it('costs itself where it is malformed; a customer, the whole answer', () =>
    withScript(
      (request) => good(request),
      async ({ gateway, upstream }) => {
        const good = `good: fetch__Contract(nodeId: "${CONTRACT}") { number dueDate }`;
        for (let time = 0; time < 3; time++) {
          const one = await gateway.query(`{ bad: fetch__Contract(nodeId: "x") { dueDate } ${good} }`);
          expect([one.data, errorsOf(one)]).toEqual([
            { bad: null, good: { number: '7', dueDate: '2025-07-15' } },
            [{ code: 'BAD_USER_INPUT', path: ['bad'] }],
          ]);
          expect(one.errors[0]?.message).toContain('an id taken from `Contract.nodeId`');
          const calls = upstream.requests.length;
          const all = await gateway.query(`{ ${good} bad: fetch__Customer(nodeId: "${CONTRACT}") { id } }`);
          expect([all.data, errorsOf(all)]).toEqual([null, [{ code: 'BAD_USER_INPUT', path: ['bad'] }]]);
          expect(upstream.requests).toHaveLength(calls);
        }
      },
    ));

  it.each(['', '__typename', '_service { sdl }', `fetch__Contract(nodeId: "${CONTRACT}") { dueDate }`])(
    'makes no call for an answer that a malformed customer costs, whatever comes first: %s',
    (first) =>
      withScript(
        (request) => good(request),
        async ({ gateway, upstream }) => {
          const whole = 'whole: customer(idType: "RUC", id: "1") { contract(number: "7") { dueDate } }';
          const bad = `bad: fetch__Customer(nodeId: "${CONTRACT}") { id }`;
          for (let time = 0; time < 3; time++) {
            const answer = await gateway.query(`{ ${first} ${whole} ${bad} }`);
            expect([answer.data, errorsOf(answer)]).toEqual([null, [{ code: 'BAD_USER_INPUT', path: ['bad'] }]]);
            expect(upstream.requests).toEqual([]);
          }
        },
      ),
  );

  it('costs what a dry run says, whatever is asked for beside it', () =>
    withScript(
      (request) => good(request, 100),
      async ({ gateway, upstream }) => {
        const id = fc.constantFrom(CONTRACT, toContractNodeId(RUC, '8'), toContractNodeId({ idType: 'CPF', id: '1' }, '7'), 'x');
        const inner = fc.constantFrom(
          'number',
          'nodeId',
          'dueDate',
          NODES,
          'invoices(first: 25) { nodes { number } }',
          `customer { contract(number: "9") { dueDate } }`,
        );
        const root = fc.oneof(
          fc.tuple(id, inner).map(([nodeId, body]) => `fetch__Contract(nodeId: "${nodeId}") { ${body} }`),
          fc
            .tuple(fc.constantFrom(toCustomerNodeId(RUC), CONTRACT), inner)
            .map(([nodeId, body]) => `fetch__Customer(nodeId: "${nodeId}") { contract(number: "7") { ${body} } }`),
          inner.map((body) => `customer(idType: "RUC", id: "1") { contract(number: "7") { ${body} } }`),
        );
        await fc.assert(
          fc.asyncProperty(fc.array(root, { minLength: 1, maxLength: 4 }), async (roots) => {
            const query = `{ ${roots.map((field, index) => `r${index}: ${field}`).join(' ')} }`;
            const dry = await gateway.query(query, undefined, { headers: { 'x-billing-dry-run': '1' } });
            const before = upstream.requests.length;
            await gateway.query(query);
            expect([query, upstream.requests.length - before]).toEqual([query, dry.extensions?.['billing'].prediction.calls]);
          }),
          { numRuns: 100 },
        );
      },
      { BILLING_API_MAX_QUANTITY: '10' },
    ));
});

describe('In a supergraph', () => {
  const NODE = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key"])
    interface Node { id: ID! }
    type Order implements Node @key(fields: "id") { id: ID! total: Int }
    type Query { node(id: ID!): Node order(id: ID!): Order }`;
  const typeDefs = (sdl: string, name: string) => ({ name, url: `http://${name}`, typeDefs: parse(sdl) });

  it("what is for Relay is not there, and another subgraph's Node is as it was", () => {
    const services = [typeDefs(printSubgraph(), 'billing'), typeDefs(NODE, 'orders')];
    const { schema, errors } = composeServices(services);
    expect(errors).toBeUndefined();
    const api = printSchema(schema!.toAPISchema().toGraphQLJSSchema());
    expect(api).not.toMatch(/nodeId|fetch__/);
    expect(api).toContain('node(id: ID!): Node');
    expect(api).toContain('interface Node {\n  id: ID!\n}');
    expect(api).toContain('customer(');
  });

  it("composes by The Guild's and WunderGraph's compositions too", () => {
    const guild = composeWithGuild([typeDefs(printSubgraph(), 'billing'), typeDefs(NODE, 'orders')]);
    expect([guild.errors, guild.publicSdl?.includes('nodeId'), guild.publicSdl?.includes('interface Node')]).toEqual([
      undefined,
      false,
      true,
    ]);
    const cosmo = federateSubgraphs({
      subgraphs: [
        { name: 'billing', url: '', definitions: parse(printSubgraph()) },
        { name: 'orders', url: '', definitions: parse(NODE) },
      ],
      version: '1',
    });
    expect(cosmo.success).toBe(true);
    if (cosmo.success) expect(printSchema(cosmo.federatedGraphClientSchema)).not.toMatch(/nodeId|fetch__/);
  });
});

describe('The embedded billing API', () => {
  it('is asked by nodeId as well', async () => {
    const gateway = await startGateway();
    const { data } = await gateway.query('{ customer(idType: "RUC", id: "80012345") { nodeId contract(number: "700100") { nodeId } } }');
    const query = `{ fetch__Customer(nodeId: "${data.customer.nodeId}") { contract(number: "700100") { nodeId dueDate } } }`;
    expect((await gateway.query(query)).data).toEqual({
      fetch__Customer: { contract: { nodeId: data.customer.contract.nodeId, dueDate: '2025-07-15' } },
    });
    await gateway.close();
  });
});
