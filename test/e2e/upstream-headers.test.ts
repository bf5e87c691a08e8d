import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../src/config/config';
import { parseConfig } from '../../src/config/config';
import { toAskedBills, toBillsBody } from '../support/bills-body';
import { startGateway, type Gateway } from '../support/gateway';
import { startScriptedUpstream, type RecordedRequest, type ScriptedUpstream } from '../support/scripted-upstream';

const QUERY = '{ customer(idType: "RUC", id: "80012345") { contract(number: "7") { dueDate } } }';
const directory = mkdtempSync(join(tmpdir(), 'upstream-headers-'));
const file = join(directory, 'headers');
let upstream: ScriptedUpstream;
let gateway: Gateway | null = null;

beforeEach(async () => {
  // A billing API whose response depends on a forwarded header.
  upstream = await startScriptedUpstream(({ url, headers }: RecordedRequest) => ({
    body: toBillsBody(toAskedBills(url), 3, { dueDate: headers['x-channel'] ?? 'none' }),
  }));
});
afterEach(async () => {
  await gateway?.close();
  gateway = null;
  await upstream.close();
});
afterAll(() => rmSync(directory, { recursive: true }));

const start = async (settings: Environment): Promise<Gateway> =>
  (gateway = await startGateway({ BILLING_API_URL: upstream.url, LOG_LEVEL: 'trace', ...settings }));
const dueDateFor = async (headers: Record<string, string>): Promise<unknown> =>
  (await (gateway as Gateway).query(QUERY, {}, { headers })).data.customer.contract.dueDate;

describe('Headers of requests to the billing API', () => {
  it('of the operator come from a file, and are in no log line', async () => {
    writeFileSync(file, '# for the API gateway\nX-Api-Key: the-api-key-secret\r\n\nocp-apim-subscription-key:another-secret \n');
    const { logLines } = await start({ BILLING_API_HEADERS_FILE: file, BILLING_API_CORRELATION_HEADER: 'X-Correlation-Id' });
    await dueDateFor({ 'x-request-id': 'the-request-id-1' });
    expect(upstream.requests[0]?.headers).toMatchObject({
      'x-api-key': 'the-api-key-secret',
      'ocp-apim-subscription-key': 'another-secret',
      'x-correlation-id': 'the-request-id-1',
      'user-agent': expect.stringMatching(/^billing-graphql-gateway\/\d+\.\d+\.\d+/) as string,
    });
    expect(logLines.join('\n')).not.toMatch(/the-api-key-secret|another-secret/);
  });

  it('of clients are forwarded where they are listed, and tell cached responses apart', async () => {
    await start({ BILLING_API_FORWARD_HEADERS: 'X-Channel, accept-language', CACHE_TTL_SECONDS: '60' });
    for (const channel of ['web', 'app', 'web', 'app']) expect(await dueDateFor({ 'x-channel': channel, 'x-other': 'no' })).toBe(channel);
    expect(await dueDateFor({})).toBe('none');
    expect(upstream.requests).toHaveLength(3);
    expect(upstream.requests.map(({ headers }) => headers['x-other'])).toEqual([undefined, undefined, undefined]);
  });

  it('that are forwarded keep questions in flight apart, may come from a page of another origin, and are in `vary`', async () => {
    const { url } = await start({ BILLING_API_FORWARD_HEADERS: 'x-channel', CACHE_TTL_SECONDS: '60' });
    const channels = ['a', 'b', 'c', 'a', 'b', 'c'];
    expect(await Promise.all(channels.map((channel) => dueDateFor({ 'x-channel': channel })))).toEqual(channels);
    const preflight = await fetch(`${url}/graphql`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    });
    expect(preflight.headers.get('access-control-allow-headers')).toContain('x-channel');
    const { headers } = await (gateway as Gateway).query(QUERY, {}, { headers: { 'x-channel': 'a' } });
    expect(headers.get('vary')).toContain('x-channel');
  });

  it.each([
    ['BILLING_API_FORWARD_HEADERS', 'cookie', /"cookie" would give cookies/],
    ['BILLING_API_FORWARD_HEADERS', 'accept-language, Host', /"host" is made by the gateway itself/],
    ['BILLING_API_FORWARD_HEADERS', 'authorization', /made by the gateway itself/],
    ['BILLING_API_FORWARD_HEADERS', 'Transfer-Encoding', /hop-by-hop/],
    ['BILLING_API_FORWARD_HEADERS', 'connection', /hop-by-hop/],
    ['BILLING_API_FORWARD_HEADERS', 'a b', /"a b" is not the name of a header/],
    ['BILLING_API_CORRELATION_HEADER', 'proxy-authorization', /hop-by-hop/],
    ['BILLING_API_USER_AGENT', 'a\u00e9', /printable ASCII/],
  ])('are refused at the start: %s=%s', (name, value, problem) => {
    expect(() => parseConfig({ [name]: value })).toThrow(problem);
  });

  it.each([
    ['no colon in secret-text', /line 2 is not of the form "name: value"/],
    ['x y: secret-text', /line 2 is not the name of a header/],
    ['Cookie: secret-text', /line 2 \(cookie\) would give cookies/],
    ['Authorization: Bearer secret-text', /line 2 \(authorization\) is made by the gateway itself/],
    ['x-key: secret-text\u0001', /line 2 \(x-key\) has no value/],
    ['x-key:', /line 2 \(x-key\) has no value/],
  ])('in a file are refused at the start, and not quoted: %j', (line, problem) => {
    writeFileSync(file, `x-good: 1\n${line}\n`);
    const refused = (): unknown => parseConfig({ BILLING_API_HEADERS_FILE: file });
    expect(refused).toThrow(problem);
    expect(refused).not.toThrow(/secret-text/);
    expect(() => parseConfig({ BILLING_API_HEADERS_FILE: join(directory, 'none') })).toThrow(/cannot be read \(ENOENT\)/);
  });

  it.each(['', '\n \n', '# x-api-key: later\n'])('are refused at the start where the file has none: %j', (content) => {
    writeFileSync(file, content);
    expect(() => parseConfig({ BILLING_API_HEADERS_FILE: file })).toThrow('it has no header');
  });
});
