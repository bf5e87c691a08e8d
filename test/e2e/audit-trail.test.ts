import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deriveAuditKeys } from '../../src/telemetry/audit/audit-keys';
import { Caller } from '../../src/billing/model/caller';
import { startGateway, type Gateway } from '../support/gateway';

const SECRET = 'a secret of the audit trail, long enough';
const QUERY = 'query Q($number: ID!) { customer(idType: "RUC", id: "80012345") { contract(number: $number) { number dueDate } } }';
const keys = deriveAuditKeys(SECRET);
const contractHash = (number: string): string => keys.hashOf('contract', `RUC/80012345/${number}`);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audit-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs with a gateway that writes an audit trail, stops it, and returns the reads in the trail. */
async function audited(use: (gateway: Gateway) => Promise<void>, settings: Readonly<Record<string, string>> = {}) {
  const path = join(folder, 'audit.log');
  const gateway = await startGateway({ AUDIT_LOG: path, AUDIT_SECRET: SECRET, CACHE_TTL_SECONDS: '60', ...settings });
  try {
    await use(gateway);
  } finally {
    await gateway.close();
  }
  const text = await readFile(path, 'utf8');
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { text, gateway, reads: lines.filter(({ event }) => event === undefined) };
}

describe('The audit trail of a gateway', () => {
  it('has a line for every request that reads bills, whichever way they are answered', async () => {
    const token: { used?: string } = {};
    const { text, reads, gateway } = await audited(
      async (running) => {
        token.used = running.app.billingApi!.issueToken();
        // From the billing API, from the cache, and from the fourth on as whole responses.
        for (let i = 1; i <= 6; i++)
          await running.query(QUERY, { number: '700100' }, { token: token.used, headers: { 'x-request-id': `r-${i}` } });
        expect(await fetch(`${running.url}/metrics`).then((answer) => answer.text())).toMatch(
          /cache_hits_total\{[^}]*layer="response"[^}]*\} [1-9]/,
        );
      },
      // Outside development responses are kept whole.
      { NODE_ENV: 'production', BILLING_API_URL: 'embedded', HOST: '127.0.0.1' },
    );
    expect(reads.map(({ requestId, cached, outcome }) => [requestId, cached, outcome])).toEqual(
      [1, 2, 3, 4, 5, 6].map((i) => [`r-${i}`, i > 1, 'ok']),
    );
    const caller = keys.hashOf('caller', Caller.parse(`Bearer ${token.used!}`)!.tokenId);
    for (const read of reads) expect(read).toMatchObject({ caller, contracts: [contractHash('700100')] });
    expect(text).not.toMatch(/80012345|700100/);
    expect(text).not.toContain(token.used);
    expect(gateway.logLines.filter((line) => line.includes('the audit trail is closed'))).toHaveLength(1);
  });

  it('tells what each read came to', async () => {
    const { reads } = await audited(async (gateway) => {
      for (const number of ['700100', '990404', '990403', '990500']) await gateway.query(QUERY, { number });
      await gateway.query('{ customer(idType: "RUC", id: "80012345") { invoices { nodes { number } } } }');
    });
    expect(reads.map(({ contracts, outcome }) => [contracts, outcome])).toEqual([
      [[contractHash('700100')], 'ok'],
      [[contractHash('990404')], 'not-found'],
      [[contractHash('990403')], 'forbidden'],
      [[contractHash('990500')], 'unavailable'],
      [['*'], 'invalid-input'],
    ]);
  });

  it('has no line for what reads no bills: a dry run, a refusal, an operation about the schema', async () => {
    const { reads } = await audited(async (gateway) => {
      await gateway.query(QUERY, { number: '700100' }, { headers: { 'x-billing-dry-run': '1' } });
      await gateway.query(QUERY, { number: '700100' }, { token: null });
      await gateway.query(QUERY, { number: 'x' });
      await gateway.query('{ __typename }');
    });
    expect(reads).toEqual([]);
  });

  it('does not start without its secret, or where the file cannot be written', async () => {
    await expect(startGateway({ AUDIT_LOG: join(folder, 'audit.log') })).rejects.toThrow('AUDIT_SECRET is missing');
    await expect(startGateway({ AUDIT_LOG: folder, AUDIT_SECRET: SECRET })).rejects.toThrow('EISDIR');
  });
});
