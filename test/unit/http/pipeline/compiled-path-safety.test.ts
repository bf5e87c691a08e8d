import { getOperationAST, parse } from 'graphql';
import { PreparedOperations } from '../../../../src/graphql/execution/compiled-operations';
import { buildServedSchema } from '../../../../src/graphql/schema/subgraph';
import { startGateway, type Gateway } from '../../../support/gateway';

const query = 'query Known { customer(idType: "CPF", id: "1") { id } }';

describe('The prepared lane', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway.close());

  it.each(['Absent', 'Known\n', '\n'])(
    'leaves an operation that there is none of, named %j, to be refused each time',
    async (operationName) => {
      for (let round = 0; round < 3; round++) {
        const answer = await gateway.query(query, {}, { operationName });
        expect([answer.status, answer.errors.length]).toEqual([400, 1]);
      }
      expect((await gateway.query(query, {}, { operationName: 'Known' })).data).toEqual({ customer: { id: '1' } });
    },
  );

  it('takes an empty name for none each time', async () => {
    for (let round = 0; round < 3; round++)
      expect((await gateway.query(query, {}, { operationName: '' })).data).toEqual({ customer: { id: '1' } });
    const two = await gateway.query(`${query} query Other { __typename }`, {}, { operationName: '' });
    expect([two.status, two.errors.length]).toEqual([400, 1]);
  });

  it('refuses each time a document that only looks like a name and a document it knows', async () => {
    await gateway.query(query, {}, { operationName: 'Known' });
    for (let round = 0; round < 2; round++) {
      const answer = await gateway.query(`Known\n${query}`);
      expect([answer.status, answer.errors[0]?.extensions?.['code']]).toEqual([400, 'GRAPHQL_PARSE_FAILED']);
    }
  });
});

describe('The operations that are kept', () => {
  it('are found by exactly the name and the text that they came with', () => {
    const operations = new PreparedOperations(buildServedSchema());
    const document = parse(query);
    operations.learn(query, 'Known', { document, operation: getOperationAST(document)! });
    expect(operations.find(query, 'Known')?.document).toBe(document);
    expect([
      operations.find(query, undefined),
      operations.find(`Known\n${query}`, undefined),
      operations.find('x', `Known\n${query}`),
    ]).toEqual([undefined, undefined, undefined]);
  });
});
