import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { composeServices as composeWithGuild } from '@theguild/federation-composition';
import { federateSubgraphs } from '@wundergraph/composition';
import { getDocumentNodeFromSchema } from '@graphql-tools/utils';
import { buildSchema, getOperationAST, parse, print } from 'graphql';
import { toCursor } from '../../../support/invoice-cursor';
import { coerceVariables } from '../../../../src/graphql/analysis/variables/coerce-variables';
import { costs } from '../../../../src/graphql/analysis/field-costs';
import { OperationModel } from '../../../../src/graphql/analysis/operation-model';
import { predictCalls } from '../../../../src/graphql/analysis/predict-calls';
import { buildServedSchema } from '../../../../src/graphql/schema/subgraph';
import { withCosts } from '../../../../src/graphql/schema/subgraph-costs';
import { composeSupergraph } from '../../../../src/tools/schema/schema-compose';
import { diffSubgraphs } from '../../../../src/tools/schema/schema-diff';
import { RouterPrice } from '../../../support/router-price';

const folder = join(__dirname, '../../../operations');
const schema = buildServedSchema();
const SDL = readFileSync(join(__dirname, '../../../../schema/subgraph.graphql'), 'utf8');
const CRM = readFileSync(join(__dirname, '../../../e2e/supergraph/crm.graphql'), 'utf8');
const FRAGMENTS = readFileSync(join(folder, 'invoice-fields.graphql'), 'utf8');
const OPERATIONS = readdirSync(folder).filter((name) => name !== 'invoice-fields.graphql');
const VARIABLES = {
  idType: 'CPF',
  id: '1',
  number: '700100',
  invoiceNumber: '0001',
  first: 5,
  after: toCursor(4),
  numbers: ['1', '2', '3'],
  withAddresses: true,
};
const DEFINITIONS = /"""[^"]*"""\ndirective @(?:cost|listSize)\(.*\n\n/g;
const limits = { paging: { mode: 'offset', maxQuantity: 1000 }, pageLimits: { maxPageSize: 1000 } } as const;

function predict(text: string): number {
  const document = parse(text);
  const operation = getOperationAST(document)!;
  const declared = new Set(operation.variableDefinitions!.map(({ variable }) => variable.name.value));
  const variables = Object.fromEntries(Object.entries(VARIABLES).filter(([name]) => declared.has(name)));
  const variableValues = coerceVariables(schema, operation, variables)!;
  return predictCalls(OperationModel.of({ schema, document, operation }, {}), variableValues, limits).calls;
}

describe("A router's price", () => {
  let price: RouterPrice;
  beforeAll(async () => {
    price = new RouterPrice((await composeSupergraph()).supergraphSdl);
  });

  it('is there for each operation that clients are shown', () => {
    expect(OPERATIONS.length).toBeGreaterThan(5);
  });

  it.each(OPERATIONS)('of %s is the number of calls that the gateway predicts', (name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    const document = text.includes('...InvoiceFields') ? `${text}\n${FRAGMENTS}` : text;
    // A router counts the list of contract numbers itself as well.
    const lists = name === 'contracts-overview.graphql' ? 1 : 0;
    expect(price.of(document, VARIABLES)).toBe(predict(document) + lists);
  });

  it('grows with each contract, whose page of invoices comes with it', () => {
    const contracts = (alias: string): string => `${alias}: contract(number: 1) { dueDate invoices(first: 500) { nodes { amount } } }`;
    expect(price.of(`{ customer(idType: "CPF", id: 1) { ${contracts('a')} ${contracts('b')} } }`, {})).toBe(2);
  });

  it('counts summaries and pages of a whole customer, and a filter not at all', () => {
    const summary = 'invoiceSummary(filter: { status: true }) { count amount }';
    expect(price.of(`{ customer(idType: "CPF", id: 1) { ${summary} invoices(first: 50) { nodes { number } } } }`, {})).toBe(2);
    expect(price.of(`{ customer(idType: "CPF", id: 1) { contract(number: 1) { ${summary} } } }`, {})).toBe(1);
  });

  it('reckons with as many invoices as are asked for, which other subgraphs may have fields of', async () => {
    const priced = (await composeSupergraph()).supergraphSdl.replace(/(\n {2}amount: BigInt)/, '$1 @cost(weight: 3)');
    const text = (page: string): string =>
      `{ customer(idType: "CPF", id: 1) { contract(number: 1) { invoices${page} { nodes { amount } } } } }`;
    expect(new RouterPrice(priced).of(text('(first: 7)'), {})).toBe(1 + 7 * 3);
    expect(new RouterPrice(priced).of(text(''), {})).toBe(1 + 20 * 3);
  });
});

describe('The cost directives of the subgraph', () => {
  it('come from what the fields have declared', () => {
    const small = buildSchema(
      'type Query { bill(number: ID!): Bill bills(ids: [ID!]!): [Bill] free: Bill } type Bill { pages(first: Int): Pages! } type Pages { nodes: [Bill!]! }',
    );
    const { bill, bills } = small.getQueryType()!.getFields();
    bill!.extensions = costs({ reads: 'contract', parse: () => '' });
    bills!.extensions = costs({ reads: 'contracts', members: 'ids', parse: () => [] });
    const sdl = print(withCosts(getDocumentNodeFromSchema(small), small));
    expect(sdl).toContain('bill(number: ID!): Bill @cost(weight: 1)\n');
    expect(sdl).toContain('bills(ids: [ID!]! @cost(weight: 1)): [Bill] @cost(weight: 0) @listSize(assumedSize: 10)\n');
    expect(sdl).toContain('free: Bill\n');
    expect(sdl).toContain('pages(first: Int): Pages!\n');
  });

  it('price nothing that another field pays for', () => {
    expect(SDL.match(/@cost\(weight: [1-9]/g)).toHaveLength(5);
  });

  it('compose in The Guild’s composition, which leaves them out below Federation 2.9', () => {
    const compose = (sdl: string) =>
      composeWithGuild([
        { name: 'billing', url: 'http://billing', typeDefs: parse(sdl) },
        { name: 'crm', url: 'http://crm', typeDefs: parse(CRM) },
      ]);
    expect(compose(SDL).errors).toBeUndefined();
    expect(compose(SDL).supergraphSdl).toContain('legalName');
    // Without the definitions it would refuse the subgraph.
    expect(compose(SDL.replace(DEFINITIONS, '')).errors?.map(String).join()).toContain('Unknown directive "@cost"');
  });

  it('compose in WunderGraph’s composition, which passes them on to its router', () => {
    const result = federateSubgraphs({
      subgraphs: [
        { name: 'billing', url: 'http://billing', definitions: parse(SDL) },
        { name: 'crm', url: 'http://crm', definitions: parse(CRM) },
      ],
      version: '1',
    });
    if (!result.success) throw new Error(result.errors.map(String).join('\n'));
    const passed = result.subgraphConfigBySubgraphName.get('billing')?.costs;
    expect(passed?.fieldWeights.get('Customer.contract')).toMatchObject({ weight: 1 });
    expect(passed?.typeWeights.get('Invoice')).toBe(0);
    expect(passed?.listSizes.get('Contract.invoices')).toMatchObject({
      slicingArguments: ['first', 'last'],
      sizedFields: ['edges', 'nodes'],
    });
  });

  it('are an addition that breaks nobody', async () => {
    const before = SDL.replaceAll(DEFINITIONS, '')
      .replaceAll(/ @cost\(weight: \d+\)/g, '')
      .replaceAll(/ @listSize\([^)]*\)/g, '')
      .replace(/ @link\(url: "https:\/\/specs\.apollo\.dev\/cost[^)]*\)/, '');
    expect(before).not.toMatch(/@cost|@listSize|v0\.1/);
    const changes = await diffSubgraphs(before, SDL);
    expect(changes.length).toBeGreaterThan(8);
    expect(changes.filter(({ weight }) => weight !== 'safe')).toEqual([]);
  });
});
