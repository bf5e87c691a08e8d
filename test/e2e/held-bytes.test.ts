import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { spawnGateway, type GatewayProcess } from '../support/gateway-process';
import { toAskedBills, toBillsBody } from '../support/bills-body';
import { startScriptedUpstream, type ScriptedAnswer, type ScriptedUpstream } from '../support/scripted-upstream';

const MIB = 1024 * 1024;
const EMPTY_ITEMS = Buffer.from(`{"invoiceCollection":[${'{},'.repeat(4 * MIB)}{}]}`);
const EMPTY_ADDRESSES = Buffer.from(`{"billingAddress":[${'{},'.repeat(4 * MIB)}{}],"invoiceCollection":[]}`);
/** A contract with one invoice and 8 MiB that nobody asked for. */
const LARGE = Buffer.from(`{"invoiceCollection":[{"invoiceNumber":"1"}],"note":"${'x'.repeat(8 * MIB)}"}`);

/** The same with a note that has 70 times its compressed size. */
const COMPRESSED = gzipSync(
  `{"invoiceCollection":[{"invoiceNumber":"1"}],"note":"${Array.from({ length: 1600 }, () => randomBytes(60).toString('base64') + 'x'.repeat(5200)).join('')}"}`,
);
const WAYS: Readonly<Record<string, Pick<ScriptedAnswer, 'headers' | 'body'>>> = {
  announced: { body: LARGE },
  'not announced': { headers: { 'transfer-encoding': 'chunked' }, body: LARGE },
  'those of compressed bodies': { headers: { 'content-encoding': 'gzip' }, body: COMPRESSED },
};

interface Seen {
  readonly status: number;
  readonly body: { readonly data?: unknown; readonly errors?: readonly { extensions: { code: string } }[] };
}

/** Invoice "1" of each of 90 contracts. */
const NINETY = `contracts(numbers: [${Array.from({ length: 90 }, (_, index) => `"${index + 1}"`).join(', ')}]) {
  invoices(first: 1) { nodes { number } } }`;
const MAX_PROCESS_BYTES = 128 * MIB;
const GREEDY_OPERATIONS = 6;

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
      BILLING_API_COMPRESSION: 'gzip',
      UPSTREAM_MAX_PROCESS_BYTES: String(MAX_PROCESS_BYTES),
      BILLING_API_TIMEOUT_MS: '60000',
      REQUEST_DEADLINE_MS: '120000',
    });
    url = await gateway.ready();
  });
  afterAll(async () => {
    await gateway.kill();
    await upstream.close();
  });

  async function ask(selection: string, token = 'some-token'): Promise<Seen> {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
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
    const { body } = await ask(NINETY);
    const codes = new Set(body.errors?.map(({ extensions }) => extensions.code));
    expect(codes.has('UPSTREAM_BUDGET_EXCEEDED')).toBe(true);
    for (const code of codes) expect(['UPSTREAM_BUDGET_EXCEEDED', 'UPSTREAM_UNAVAILABLE']).toContain(code);
    const { customer } = body.data as { customer: { contracts: unknown[] } };
    expect(customer.contracts.filter((contract) => contract !== null).length).toBeGreaterThan(0);
    upstream.setScript(({ url: path }) => ({ body: toBillsBody(toAskedBills(path)) }));
    expect((await ask('contract(number: "1") { invoices(first: 1) { nodes { number } } }')).body.errors).toBeUndefined();
  });

  it.each(Object.keys(WAYS))(
    'holds a bounded number of bytes for many such operations at once, and serves others beside them, where lengths are %s',
    async (lengths) => {
      const before = upstream.requests.length;
      upstream.setScript(({ url: path }) => {
        const asked = toAskedBills(path);
        return asked.contractNumber === '777' ? { body: toBillsBody(asked) } : (WAYS[lengths] ?? {});
      });
      const small = 'contract(number: "777") { invoices(first: 1) { nodes { number } } }';
      // The billing API knows its token before the crowd comes.
      await ask(small, 'a-small-caller');
      let running = GREEDY_OPERATIONS;
      const greedy = Array.from({ length: GREEDY_OPERATIONS }, async (_, index) => {
        const seen = await ask(NINETY, `greedy-${lengths.length}-${index}`);
        running--;
        return seen;
      });
      let mostHeld = 0;
      const answers: string[] = [];
      do {
        answers.push(JSON.stringify((await ask(small, 'a-small-caller')).body));
        mostHeld = Math.max(mostHeld, await heldBytes());
      } while (running > 0);
      const seen = await Promise.all(greedy);
      expect(new Set(answers)).toEqual(new Set(['{"data":{"customer":{"contract":{"invoices":{"nodes":[{"number":"777-000000"}]}}}}}']));
      for (const { body } of seen) {
        const { customer } = body.data as { customer: { contracts: unknown[] } };
        expect(customer.contracts).toHaveLength(90);
        expect(new Set(body.errors?.map(({ extensions }) => extensions.code))).toContain('UPSTREAM_BUDGET_EXCEEDED');
      }
      expect(mostHeld).toBeGreaterThan(MIB);
      expect(mostHeld).toBeLessThan(MAX_PROCESS_BYTES + (GREEDY_OPERATIONS + 1) * 256 * 1024);
      expect(await heldBytes()).toBe(0);
      // Most calls are refused before they are made: their operations hold all that they may.
      expect(upstream.requests.length - before).toBeLessThan(GREEDY_OPERATIONS * 75);
      expect(gateway.child.exitCode).toBeNull();
      expect(maxResidentBytes(gateway)).toBeLessThan(600 * MIB);
    },
    300_000,
  );

  async function heldBytes(): Promise<number> {
    const text = await (await fetch(`${url}/metrics`)).text();
    return Number(/upstream_held_bytes ([0-9]+)/.exec(text)?.[1]);
  }
});

/** The most memory that the process has had so far. */
function maxResidentBytes({ child }: GatewayProcess): number {
  return Number(/VmHWM:\s+([0-9]+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1024;
}
