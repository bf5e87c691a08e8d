import { spawnGateway, type GatewayProcess } from '../support/gateway-process';
import { toAskedBills, toBillsBody } from '../support/bills-body';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream';

const MIB = 1024 * 1024;
const EMPTY_ITEMS = Buffer.from(`{"invoiceCollection":[${'{},'.repeat(4 * MIB)}{}]}`);
const EMPTY_ADDRESSES = Buffer.from(`{"billingAddress":[${'{},'.repeat(4 * MIB)}{}],"invoiceCollection":[]}`);
/** A contract with one invoice and 8 MiB that nobody asked for. */
const LARGE = Buffer.from(`{"invoiceCollection":[{"invoiceNumber":"1"}],"note":"${'x'.repeat(8 * MIB)}"}`);

interface Seen {
  readonly status: number;
  readonly body: { readonly data?: unknown; readonly errors?: readonly { extensions: { code: string } }[] };
}

describe('A gateway with a heap of 256 MiB', () => {
  let upstream: ScriptedUpstream;
  let gateway: GatewayProcess;
  let url: string;

  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    gateway = spawnGateway({
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      DRAIN_DELAY_MS: '0',
      NODE_OPTIONS: '--max-old-space-size=256',
      BILLING_API_URL: upstream.url,
      BILLING_API_RETRIES: '0',
      BILLING_API_TIMEOUT_MS: '60000',
      REQUEST_DEADLINE_MS: '120000',
    });
    url = await gateway.ready();
  });
  afterAll(async () => {
    await gateway.kill();
    await upstream.close();
  });

  async function ask(selection: string): Promise<Seen> {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer some-token' },
      body: JSON.stringify({ query: `{ customer(idType: "RUC", id: "80012345") { ${selection} } }` }),
    });
    return { status: response.status, body: (await response.json()) as Seen['body'] };
  }

  it('reads a list of millions of items for a window of one', async () => {
    upstream.setScript(() => ({ body: EMPTY_ITEMS }));
    const { body } = await ask('contract(number: "1") { invoices(first: 1) { nodes { number } } }');
    expect(body).toMatchObject({ data: { customer: { contract: { invoices: { nodes: [{ number: null }] } } } } });
  });

  it('refuses millions of addresses, and nothing else', async () => {
    upstream.setScript(() => ({ body: EMPTY_ADDRESSES }));
    const { body } = await ask('contract(number: "1") { billingAddresses { city } invoices(first: 1) { nodes { number } } }');
    expect(body.data).toEqual({ customer: { contract: { billingAddresses: null, invoices: { nodes: [] } } } });
    expect(body.errors?.map(({ extensions }) => extensions.code)).toEqual(['UPSTREAM_INVALID_RESPONSE']);
  });

  it('holds a bounded number of bytes for an operation with 90 responses of 8 MiB, and serves on', async () => {
    upstream.setScript(() => ({ body: LARGE }));
    const numbers = Array.from({ length: 90 }, (_, index) => `"${index + 1}"`).join(', ');
    const { body } = await ask(`contracts(numbers: [${numbers}]) { invoices(first: 1) { nodes { number } } }`);
    const codes = new Set(body.errors?.map(({ extensions }) => extensions.code));
    expect(codes.has('UPSTREAM_BUDGET_EXCEEDED')).toBe(true);
    for (const code of codes) expect(['UPSTREAM_BUDGET_EXCEEDED', 'UPSTREAM_UNAVAILABLE']).toContain(code);
    const { customer } = body.data as { customer: { contracts: unknown[] } };
    expect(customer.contracts.filter((contract) => contract !== null).length).toBeGreaterThan(0);
    upstream.setScript(({ url: path }) => ({ body: toBillsBody(toAskedBills(path)) }));
    expect((await ask('contract(number: "1") { invoices(first: 1) { nodes { number } } }')).body.errors).toBeUndefined();
  });
});
