import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { createBillingApi, type BillingApiOptions } from '../../../src/billing-api/billing-api';
import { probeContract } from '../../../src/tools/contract-probe';
import { ProbeFailure } from '../../../src/tools/probe/ask-api';
import { parseProbeCommand, probeHelp, ProbeUsageError } from '../../../src/tools/probe/probe-options';
import type { ProbeReport } from '../../../src/tools/probe/report';
import { findCodeBlocks } from '../../support/code-blocks';
import { startScriptedUpstream, type Script, type ScriptedAnswer } from '../../support/scripted-upstream';

const root = join(__dirname, '../../..');
const run = promisify(execFile);
const TOKEN = 'a-token-of-a-test';
const CUSTOMER = ['--id-type', 'RUC', '--id', '80012345'];

function probe(url: string, token: string, args: readonly string[] = ['--contract', '700100']): Promise<ProbeReport> {
  const command = parseProbeCommand(['--url', url, ...CUSTOMER, ...args], { BILLING_API_TOKEN: token });
  if (command === 'help') throw new Error('Nobody asked for help.');
  return probeContract(command);
}

async function probeEmbedded(options: BillingApiOptions, contract = '700100'): Promise<ProbeReport> {
  const api = await createBillingApi(options);
  try {
    const report = await probe(api.url, api.issueToken(), ['--contract', contract]);
    expect(api.requestCount()).toBeLessThanOrEqual(18);
    return report;
  } finally {
    await api.close();
  }
}

async function probeScript(script: Script, args: readonly string[] = ['--contract', '700100']): Promise<ProbeReport> {
  const upstream = await startScriptedUpstream(script);
  try {
    return await probe(upstream.url, TOKEN, args);
  } finally {
    await upstream.close();
  }
}

const problemsOf = (args: string[], env: Record<string, string> = {}): readonly string[] => {
  try {
    parseProbeCommand(args, env);
  } catch (error) {
    if (error instanceof ProbeUsageError) return error.problems;
    throw error;
  }
  return [];
};

/** Values of the sample data that must not be printed. */
const CUSTOMER_DATA = /80012345|7001\d\d|RUC|Asunci|Mariscal|2025|99999/;

describe('contract:probe, at the embedded billing API', () => {
  const modes = (['offset', 'page'] as const).flatMap((paging) =>
    ([0, 1] as const).flatMap((pageBase) =>
      [true, false].flatMap((contractNumberRequired) =>
        [50, 137, 1000].map((maxQuantity) => ({ paging, pageBase, contractNumberRequired, maxQuantity })),
      ),
    ),
  );

  it.each(modes)('finds $paging from $pageBase, contract number required: $contractNumberRequired, at most $maxQuantity', async (mode) => {
    const { text, settings, dialect } = await probeEmbedded(mode, '700101');
    expect(settings).toEqual({
      ...(mode.paging === 'page' && { BILLING_API_PAGING: 'page', BILLING_API_PAGE_BASE: String(mode.pageBase) }),
      ...(mode.maxQuantity < 1000 && { BILLING_API_MAX_QUANTITY: String(mode.maxQuantity) }),
    });
    expect(dialect).toBeNull();
    expect(text).toMatch(mode.contractNumberRequired ? /same +contract number +required/ : /DIFFERS +contract number +optional/);
    expect(text).toMatch(new RegExp(`maximum +${mode.maxQuantity} invoices in one call; more are refused`));
    expect(text).toMatch(/same +unknown contract +404 with an errorBody/);
    // The branches have no neighborhood.
    expect(text.match(/members .*/g)).toEqual([expect.stringMatching(/address\.neighborhood was not seen/)]);
    expect(text).not.toMatch(CUSTOMER_DATA);
  });

  it('says what it cannot tell of a contract without invoices', async () => {
    const { text, settings } = await probeEmbedded({}, '700102');
    for (const subject of ['parameters', 'paging', 'maximum'])
      expect([subject, text]).toEqual([subject, expect.stringMatching(new RegExp(`^unknown +${subject} `, 'm'))]);
    expect(text).toMatch(/unknown +paging +choose a contract with at least five invoices/);
    expect(text).not.toContain('The default settings fit.');
    expect(settings).toEqual({});
  });
});

describe('contract:probe, at what is no billing API, or pages in no way', () => {
  it.each<[string, ScriptedAnswer, RegExp]>([
    ['the page of a login', { body: '<html>words-of-the-upstream</html>' }, /not JSON, such as the page of a login/],
    ['nothing', { body: '' }, /not JSON/],
    ['null', { body: 'null' }, /neither a contract nor a list/],
    ["an API gateway's fault", { body: { fault: { faultstring: 'words-of-the-upstream' } } }, /reports an error with status 200/],
    [
      'an error beside a list',
      { body: { contractNo: '700100', invoiceCollection: [], error: { code: 7 } } },
      /reports an error with status 200/,
    ],
    ['an envelope', { body: { data: { contractNo: '700100', invoiceCollection: [] } } }, /no list of invoices and no number/],
    [
      'the same invoices for every place',
      { body: { contractNo: '700100', invoiceCollection: [{ invoiceNumber: '1' }, { invoiceNumber: '2' }] } },
      /pageInit changes nothing/,
    ],
  ])('says so, and that no settings fit: %s', async (_what, answer, message) => {
    const failure = await probeScript(() => answer).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ProbeFailure);
    expect((failure as ProbeFailure).message).toMatch(message);
    expect((failure as ProbeFailure).message).not.toMatch(/words-of-the-upstream|80012345|700100/);
  });
});

const account = (contract: string, query: URLSearchParams) => {
  const limit = Number(query.get('limit') ?? 10);
  const start = (Number(query.get('offset') ?? 1) - 1) * limit;
  return {
    billingAccountId: `A-${contract}`,
    debtAmount: 12,
    unpaidInvoiceCount: 30,
    invoicesCollection: Array.from({ length: 30 }, (_, index) => ({
      contract,
      invoiceNumber: `${contract}-${index}`,
      billPeriod: '2025-06',
      invoiceAmount: 1000 + index,
      invoiceStatus: index % 2 === 0 ? 'CA' : 'PC',
      expirationDate: '2025-07-15',
      billingAddress: { street: 'Palma 435' },
    })).slice(Math.max(0, start), Math.max(0, start + limit)),
  };
};
const refusal = (status: number) => ({ status, body: { response: { error: { message: 'Wrong request.' } } } });

/** A service of the same vendor, as issue and test/support/vendor-dialect.yaml have it. */
const vendor =
  (contracts: readonly string[], isStrict: boolean): Script =>
  ({ url }) => {
    const query = new URL(url, 'http://upstream').searchParams;
    if (query.get('status') !== 'PC|CA') return refusal(400);
    if (isStrict && (query.has('contractNumber') || query.has('pageInit') || query.has('page'))) return refusal(400);
    if (!url.includes('80012345')) return refusal(404);
    if (query.get('offset') === '0') return refusal(400);
    const accounts = contracts.map((contract) => account(contract, query));
    return { body: accounts.length === 1 ? accounts[0] : accounts };
  };

describe("contract:probe, at a service of the vendor's other form", () => {
  const hints = ['--contract', '700100', '--extra', 'status=PC|CA', '--status', 'CA=true', '--status', 'PC=false'];

  it.each([
    ['one contract, other parameters refused', ['700100'], true],
    ['several contracts, other parameters refused', ['700100', '700101'], true],
    ['one contract, other parameters ignored', ['700100'], false],
    ['several contracts, other parameters ignored', ['700100', '700101'], false],
  ])('prints the dialect file that fits: %s', async (_what, contracts, isStrict) => {
    const { text, settings, dialect } = await probeScript(vendor(contracts, isStrict), hints);
    expect(parse(dialect ?? '')).toEqual(parse(await readFile(join(root, 'test/support/vendor-dialect.yaml'), 'utf8')));
    expect(settings).toEqual({ BILLING_API_DIALECT: 'billing-dialect.yaml' });
    expect(text).toMatch(contracts.length > 1 ? /DIFFERS +response +a list of contracts/ : /same +response +one contract/);
    expect(text).not.toMatch(/80012345|7001\d\d|RUC|Palma|2025|Wrong request/);
    expect(text).not.toContain(TOKEN);
  });

  it('asks for the meaning of texts of the status, without printing them', async () => {
    const { text } = await probeScript(vendor(['700100'], true), hints.slice(0, 4));
    expect(text).toMatch(/DIFFERS +status +2 unknown texts: say with --status/);
    expect(text).not.toMatch(/\bPC\b(?!\|)/);
  });
});

describe('contract:probe, at other services', () => {
  const invoices = Array.from({ length: 2000 }, (_, index) => ({ invoiceNumber: `n-${index}`, invoiceAmount: '12.5', '80012345': 1 }));
  const offsets =
    (base: number, most: number): Script =>
    ({ url }) => {
      const query = new URL(url, 'http://upstream').searchParams;
      const start = Number(query.get('pageInit') ?? base) - base;
      if (start < 0) return { status: 400, body: '' };
      const quantity = Math.min(most, Number(query.get('quantity') ?? most));
      return { body: { contractNo: '700100', invoiceCollection: invoices.slice(start, start + quantity) } };
    };

  it('finds an offset from 1, a list that is cut, an ignored contract number, other types, and names that may be data', async () => {
    const { text, settings, dialect } = await probeScript(offsets(1, 70));
    expect(parse(dialect ?? '')).toMatchObject({ paging: { mode: 'offset', base: 1 }, parameters: { contractNumber: null } });
    expect(settings).toEqual({ BILLING_API_MAX_QUANTITY: '70', BILLING_API_DIALECT: 'billing-dialect.yaml' });
    expect(text).toMatch(/a call for more is cut without a word/);
    expect(text).toMatch(/invoice\.invoiceAmount is text where the contract has integer/);
    expect(text).toMatch(/invoice has 1 more members, with names that are not printed/);
    expect(text).toMatch(/DIFFERS +unknown contract +200/);
    expect(text).not.toMatch(/80012345|12\.5/);
  });

  it('is not misled by a number in a message that is not the maximum', async () => {
    // 17 and 18 are served, and 500 is not: of the usual maximums 200 is the largest, and 201 was asked for besides.
    const { settings } = await probeScript((request, index) => {
      const quantity = Number(new URL(request.url, 'http://upstream').searchParams.get('quantity') ?? 2);
      return quantity > 300 ? { status: 400, body: { error: { message: 'Rule 17: too many.' } } } : offsets(0, 1000)(request, index);
    });
    expect(settings).toMatchObject({ BILLING_API_MAX_QUANTITY: '201' });
  });

  it('says where no dialect file can be made', async () => {
    const args = ['--contract', '700100', '--extra', 'quantity=2'];
    await expect(probeScript(offsets(0, 2000), args)).rejects.toThrow(/^The gateway would refuse the dialect file that fits: parameters/);
  });

  it.each([
    [401, /refuses the token \(401\)/],
    [403, /may not read the bills/],
    [404, /no such customer or contract/],
    [429, /takes no more requests/],
    [500, /responded with 500/],
    [302, /responded with 302/],
    [400, /Name them with --parameters/],
  ])('fails at %i, with what to do', async (status, message) => {
    const error: unknown = await probeScript(() => ({ status, body: { error: { message: TOKEN } } })).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ProbeFailure);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain(TOKEN);
  });

  it('fails where nobody listens, where no response comes in time, and where the token is wrong', async () => {
    const gone = await startScriptedUpstream();
    await gone.close();
    await expect(probe(gone.url, TOKEN)).rejects.toThrow(`127.0.0.1:${gone.port} cannot be reached (ECONNREFUSED)`);
    await expect(probeScript(() => ({ hang: 'before-headers' }), ['--contract', '1', '--timeout-ms', '50'])).rejects.toThrow(
      /did not respond within 50 ms/,
    );
    const api = await createBillingApi();
    await expect(probe(api.url, TOKEN)).rejects.toThrow(/refuses the token \(401\)/);
    await api.close();
  });
});

describe('contract:probe, with recorded responses', () => {
  const withFolder = async (files: Record<string, unknown>, use: (folder: string) => Promise<void>): Promise<void> => {
    const folder = await mkdtemp(join(tmpdir(), 'recorded-'));
    try {
      for (const [name, content] of Object.entries(files))
        await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
      await use(folder);
    } finally {
      await rm(folder, { recursive: true });
    }
  };
  const probeFolder = (folder: string) =>
    probeContract({ source: folder, hints: { parameters: null, extraParameters: {}, statusValues: {} } });
  const page = (first: number) => ({
    contractNo: '7',
    invoiceCollection: [{ invoiceNumber: `${first}` }, { invoiceNumber: `${first + 1}` }],
  });
  const record = (query: string, status: number, body: unknown) => ({ query: `${query}&contractNumber=7`, status, body });

  it('reads them, and finds as much as they tell', async () => {
    const files = {
      'a.json': record('pageInit=0&quantity=2', 400, { error: { message: 'x' } }),
      'b.json': record('pageInit=1&quantity=2', 200, page(0)),
      'c.json': record('pageInit=2&quantity=2', 200, page(2)),
      'd.json': { query: 'contractNumber=8', status: 404, body: '<h1>Not found</h1>' },
    };
    await withFolder(files, async (folder) => {
      const { settings, text } = await probeFolder(folder);
      expect(settings).toEqual({ BILLING_API_PAGING: 'page', BILLING_API_PAGE_BASE: '1' });
      expect(text).toMatch(/DIFFERS +unknown contract +404 with a body that is not JSON/);
      expect(text).toMatch(/unknown +contract number/);
    });
  });

  it('takes a body alone for its names and types', async () => {
    await withFolder({ 'a.json': { contractNo: '7', facturas: [{ invoiceNumber: 1 }] } }, async (folder) => {
      const { dialect, text } = await probeFolder(folder);
      expect(parse(dialect ?? '')).toEqual({ members: { lists: { invoices: 'facturas' } } });
      expect(text).toMatch(/invoice\.invoiceNumber is integer where the contract has text/);
    });
  });

  it('says what is wrong with a folder', async () => {
    await withFolder({}, (folder) => expect(probeFolder(folder)).rejects.toThrow('no files *.json'));
    await withFolder({ 'a.json': '{' }, (folder) => expect(probeFolder(folder)).rejects.toThrow('a.json is not JSON.'));
    await withFolder({ 'a.json': { status: 'x', body: {} } }, (folder) =>
      expect(probeFolder(folder)).rejects.toThrow('status a whole number'),
    );
  });
});

describe('The command line of contract:probe', () => {
  it('names everything that is missing, and quotes no value', () => {
    const problems = problemsOf([]);
    for (const name of ['BILLING_API_URL', 'BILLING_API_TOKEN', '--id-type', '--id', '--contract'])
      expect(problems.some((problem) => problem.startsWith(name) && problem.includes('is missing'))).toBe(true);
    const wrong = problemsOf(
      ['--url', 'http://u:secret@x', ...CUSTOMER, '--contract', '1', '--status', 'CA', '--parameters', 'a', '--extra', 'b'],
      {
        BILLING_API_TOKEN: 'a secret',
      },
    );
    expect(wrong).toHaveLength(6);
    expect(wrong.join('\n')).not.toContain('secret');
    expect(problemsOf(['--token', 'x'])[0]).toContain('--token');
  });

  it('takes the header that the command token prints', () => {
    const command = parseProbeCommand(['--url', 'http://x', ...CUSTOMER, '--contract', '1'], {
      BILLING_API_TOKEN: 'Authorization: Bearer abc',
    });
    expect(command).toMatchObject({ source: { token: 'abc' } });
  });

  it('runs as a command', async () => {
    const tool = join(root, 'dist/tools/contract-probe.js');
    expect((await run(process.execPath, [tool, '--help'])).stdout.trimEnd()).toBe(probeHelp);
    const api = await createBillingApi();
    const args = [tool, '--url', api.url, ...CUSTOMER, '--contract', '700100'];
    const { stdout } = await run(process.execPath, args, { env: { BILLING_API_TOKEN: api.issueToken() } });
    expect(stdout).toContain('The default settings fit.');
    await expect(run(process.execPath, args, { env: { BILLING_API_TOKEN: TOKEN } })).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^The billing API refuses the token \(401\).*\nSee --help\.\n$/) as string,
    });
    await api.close();
  });
});

describe('docs/contract-probe.md', () => {
  it.each<[string, BillingApiOptions]>([
    ['As the contract has it', {}],
    ['Pages from 1, at most 50 invoices', { paging: 'page', pageBase: 1, maxQuantity: 50 }],
    ['Pages from 0, without a contract number', { paging: 'page', pageBase: 0, contractNumberRequired: false }],
  ])('shows the output of the embedded billing API: %s', async (heading, options) => {
    const { text } = await probeEmbedded(options);
    const blocks = findCodeBlocks(await readFile(join(root, 'docs/contract-probe.md'), 'utf8'), 'docs/contract-probe.md');
    expect(blocks.find((block) => block.heading === heading && block.language === 'text')?.text).toBe(`${text}\n`);
  });
});
