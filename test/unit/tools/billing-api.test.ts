import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createBillingApi } from '../../../src/billing-api/billing-api';
import { toBillingApiGuide } from '../../../src/tools/billing-api';
import { billingApiHelp, BillingApiUsageError, parseBillingApiOptions } from '../../../src/tools/billing-api-options';

const run = promisify(execFile);

function problemsOf(args: string[], env = {}): readonly string[] {
  try {
    parseBillingApiOptions(args, env);
  } catch (error) {
    if (error instanceof BillingApiUsageError) return error.problems;
    throw error;
  }
  return [];
}

describe('The command billing-api', () => {
  it('listens on this machine only, with the readings of the contract, unless it is told otherwise', () => {
    expect(parseBillingApiOptions([], {})).toEqual({
      host: '127.0.0.1',
      port: 4010,
      basePath: '',
      paging: 'offset',
      pageBase: 0,
      contractNumberRequired: true,
      maxQuantity: 1000,
      tokenLifetimeSeconds: 3600,
    });
  });

  it('takes every option from the command line', () => {
    const args =
      '--host ::1 --port 0 --base-path /v2 --data bills.json --paging page --page-base 1 --contract-number optional --max-quantity 50 --token-lifetime 60'.split(
        ' ',
      );
    expect(parseBillingApiOptions(args, {})).toEqual({
      host: '::1',
      port: 0,
      basePath: '/v2',
      dataFile: 'bills.json',
      paging: 'page',
      pageBase: 1,
      contractNumberRequired: false,
      maxQuantity: 50,
      tokenLifetimeSeconds: 60,
    });
  });

  it('takes options from the environment, where the command line does not say otherwise', () => {
    const env = {
      BILLING_API_PORT: '5000',
      BILLING_API_PAGING: 'page',
      BILLING_API_PAGE_BASE: '1',
      BILLING_API_DATA: '',
      BILLING_API_SIGNING_SECRET: 'x'.repeat(32),
    };
    expect(parseBillingApiOptions(['--paging', 'offset'], env)).toMatchObject({
      port: 5000,
      paging: 'offset',
      pageBase: 1,
      signingSecret: 'x'.repeat(32),
    });
    expect(parseBillingApiOptions([], env)).not.toHaveProperty('dataFile');
  });

  it('names all the settings that are wrong at once', () => {
    const args = '--port 65536 --paging pages --page-base 2 --contract-number maybe --max-quantity 0 --token-lifetime 1h'.split(' ');
    expect(problemsOf(args, { BILLING_API_SIGNING_SECRET: 'short' })).toEqual([
      'BILLING_API_SIGNING_SECRET must have at least 32 bytes',
      'port must be a whole number from 0 to 65535, not "65536"',
      'paging must be offset or page, not "pages"',
      'page-base must be 0 or 1, not "2"',
      'contract-number must be required or optional, not "maybe"',
      'max-quantity must be a whole number from 1 to 1000000, not "0"',
      'token-lifetime must be a whole number from 1 to 31536000, not "1h"',
    ]);
  });

  it.each([['--prot', '1'], ['extra'], ['--port']])('refuses a command line that it does not know: %s', (...args) => {
    expect(problemsOf(args)).toHaveLength(1);
  });

  it('has a help that names every option', () => {
    expect(parseBillingApiOptions(['--help', '--port', 'x'], {})).toBe('help');
    for (const flag of ['host', 'port', 'base-path', 'data', 'paging', 'page-base', 'contract-number', 'max-quantity', 'token-lifetime'])
      expect(billingApiHelp).toContain(`--${flag} `);
  });

  it('prints a guide whose commands work when they are pasted into a shell', async () => {
    const api = await createBillingApi({ clients: [{ clientId: "o'hara", clientSecret: '100% $HOME: "b"', mayRead: 'all' }] });
    const guide = toBillingApiGuide(api);
    const words = guide.split('\n').filter((line) => line.startsWith('  curl '));
    expect(guide).toContain(api.tokenUrl);
    expect(words).toHaveLength(2);
    // A shell splits the words; `printf` in the place of curl shows what curl would be given.
    const [token, bills] = await Promise.all(
      words.map(async (line) => (await run('sh', ['-c', line.replace('curl', "printf '%s\\n'")])).stdout.trimEnd().split('\n')),
    );
    expect(token!.slice(0, 4)).toEqual(['-s', '-X', 'POST', '-u']);
    const grant = await fetch(token![5]!, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(token![4]!).toString('base64')}` },
    });
    const answer = await fetch(bills!.at(-1)!, { headers: { authorization: bills!.at(-2)!.replace('Authorization: ', '') } });
    await api.close();
    expect([grant.status, answer.status]).toEqual([200, 200]);
    expect(((await answer.json()) as { invoiceCollection: unknown[] }).invoiceCollection).toHaveLength(3);
  });
});
