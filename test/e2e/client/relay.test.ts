import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import {
  createOperationDescriptor,
  Environment,
  fetchQuery,
  getPaginationMetadata,
  getPaginationVariables,
  getRefetchMetadata,
  getSingularSelector,
  RecordSource,
  Store,
  type ConcreteRequest,
  type OperationType,
  type ReaderFragment,
} from 'relay-runtime';
import { startGateway, type Gateway, type Json } from '../../support/gateway';
import { makeRelayProject } from '../../support/relay-project';
import { createRelayEnvironment } from './relay-environment';
import { createRelayNetwork } from './relay-network';

const CUSTOMER = { idType: 'RUC', id: '80012345' };

/** Two customers with the same number, and a customer's own invoices. */
const MORE = `import { graphql } from 'relay-runtime';
export const Two = graphql\`
  query MoreTwoQuery { a: customer(idType: "RUC", id: "80012345") { idType id } b: customer(idType: "CPF", id: "80012345") { idType id } }
\`;
export const All = graphql\`
  fragment More_customer on Customer @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" })
  @refetchable(queryName: "MorePageQuery") {
    invoices(first: $count, after: $cursor) @connection(key: "More_customer_invoices") { edges { node { number } } }
  }
\`;
`;

type Artifacts = Readonly<Record<string, unknown>>;

describe('The Relay configuration of the documentation', () => {
  let folder: string;
  let gateway: Gateway;
  let artifacts: Artifacts;
  let token: string;
  beforeAll(async () => {
    gateway = await startGateway();
    token = gateway.app.billingApi?.issueToken() ?? '';
    folder = await mkdtemp(join(tmpdir(), 'relay-'));
    artifacts = await compile(folder);
  });
  afterAll(async () => {
    await gateway.close();
    await rm(folder, { recursive: true });
  });

  /** Executes an operation, and keeps what it brings. */
  async function fetchIn(environment: Environment, name: string, variables: Record<string, unknown>): Promise<Json> {
    const request = artifacts[name] as ConcreteRequest;
    const operation = createOperationDescriptor(request, variables);
    environment.retain(operation);
    await fetchQuery<OperationType>(environment, request, variables).toPromise();
    const { data } = environment.lookup(operation.fragment);
    return data as Json;
  }

  it('compiles with relay-compiler, and a pagination fragment on Contract pages to the end of the list', async () => {
    const environment = createRelayEnvironment(`${gateway.url}/graphql`, () => token);
    const fragment = artifacts['BillsInvoices_contract'] as ReaderFragment;
    const variables = { ...CUSTOMER, number: '700100' };
    const { contract } = (await fetchIn(environment, 'BillsQuery', variables)).customer;
    const selector = getSingularSelector(fragment, contract);
    const read = (): Json => environment.lookup(selector).data;
    expect([contract.number, read().invoices.edges.length, read().invoices.pageInfo.hasNextPage]).toEqual(['700100', 20, true]);

    // What `loadNext` of usePaginationFragment does.
    const { paginationMetadata } = getPaginationMetadata(fragment, 'a test');
    const { identifierInfo } = getRefetchMetadata(fragment, 'a test') as Json;
    const cursor = read().invoices.pageInfo.endCursor as string;
    const page = getPaginationVariables('forward', 20, cursor, variables, {}, paginationMetadata);
    const before = gateway.upstreamCalls();
    await fetchIn(environment, 'BillsInvoicesPageQuery', { ...page, [identifierInfo.identifierQueryVariableName]: read().nodeId });
    expect(gateway.upstreamCalls() - before).toBe(1);

    const { edges, pageInfo } = read().invoices as { readonly edges: Json[]; readonly pageInfo: Json };
    const { data } = await gateway.query(
      '{ customer(idType: "RUC", id: "80012345") { contract(number: "700100") { invoices(first: 50) { nodes { number billPeriod amount } } } } }',
    );
    const shown = edges.map(({ node }: Json): Json => ({ number: node.number, billPeriod: node.billPeriod, amount: node.amount }));
    expect(shown).toEqual(data.customer.contract.invoices.nodes);
    expect([edges.length, pageInfo.hasNextPage]).toEqual([36, false]);
  });

  it('keeps two customers with the same number apart, in one store', async () => {
    const environment = createRelayEnvironment(`${gateway.url}/graphql`, () => token);
    expect(await fetchIn(environment, 'MoreTwoQuery', {})).toMatchObject({ a: { idType: 'RUC' }, b: { idType: 'CPF' } });
    const records = environment.getStore().getSource();
    const customers = records.getRecordIDs().filter((id) => records.get(id)?.['__typename'] === 'Customer');
    expect(new Set(customers.map((id): unknown => records.get(id)?.['nodeId']))).toEqual(new Set(customers));
    expect(customers).toHaveLength(2);
  });

  it('is needed for that: by `id`, one customer takes the place of the other', async () => {
    const warn = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const network = createRelayNetwork(`${gateway.url}/graphql`, () => token);
    const environment = new Environment({ network, store: new Store(new RecordSource()) });
    expect(await fetchIn(environment, 'MoreTwoQuery', {})).toMatchObject({ a: { idType: 'CPF' }, b: { idType: 'CPF' } });
    warn.mockRestore();
  });
});

/** Compiles the documents of the page, and loads what the compiler wrote. */
async function compile(folder: string): Promise<Artifacts> {
  await makeRelayProject(folder, { 'More.ts': MORE });
  const written = join(folder, 'src/__generated__');
  const names = (await readdir(written)).map((file) => file.replace(/\.graphql\.ts$/, ''));
  await build({
    entryPoints: names.map((name) => join(written, `${name}.graphql.ts`)),
    outdir: join(folder, 'out'),
    bundle: true,
    format: 'cjs',
    external: ['relay-runtime'],
    logLevel: 'error',
  });
  const loaded = names.map(async (name) => {
    const module = (await import(join(folder, `out/${name}.graphql.js`))) as { readonly default: Json };
    return [name, module.default.default ?? module.default] as const;
  });
  return Object.fromEntries(await Promise.all(loaded));
}
