import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../src/config/config';
import { toAskedBills, toBillsBody } from '../support/bills-body';
import { createAuthority } from '../support/certificates';
import { startGateway, type Gateway, type GraphqlAnswer } from '../support/gateway';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream';
import { startTinyproxy, type Tinyproxy } from '../support/tinyproxy';

const QUERY = '{ customer(idType: "RUC", id: "80012345") { contract(number: "7") { dueDate } } }';
const directory = mkdtempSync(join(tmpdir(), 'upstream-proxy-'));
const authority = createAuthority(directory);
let overTls: Server;
let plain: ScriptedUpstream;
let proxy: Tinyproxy;
let guarded: Tinyproxy;
let gateway: Gateway | null = null;

beforeAll(async () => {
  const { cert, key } = authority.issue('localhost');
  overTls = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) =>
    response.end(JSON.stringify(toBillsBody(toAskedBills(request.url ?? '')))),
  );
  await new Promise<void>((resolve) => overTls.listen(0, resolve));
  plain = await startScriptedUpstream(({ url }) => ({ body: toBillsBody(toAskedBills(url)) }));
  proxy = await startTinyproxy();
  guarded = await startTinyproxy('the-user:the-password-secret');
});
afterEach(async () => {
  await gateway?.close();
  gateway = null;
});
afterAll(async () => {
  overTls.close();
  await Promise.all([plain, proxy, guarded].map((each) => each.close()));
  rmSync(directory, { recursive: true });
});

const httpsPort = (): number => (overTls.address() as AddressInfo).port;
async function askThrough(settings: Environment): Promise<GraphqlAnswer> {
  gateway = await startGateway({
    BILLING_API_URL: `https://localhost:${httpsPort()}`,
    BILLING_API_TLS_CA_FILE: authority.cert,
    BILLING_API_RETRIES: '0',
    LOG_LEVEL: 'trace',
    ...settings,
  });
  return gateway.query(QUERY);
}
const isGood = (answer: GraphqlAnswer): boolean => answer.errors.length === 0 && answer.data.customer.contract.dueDate === '2025-07-15';

describe('an egress proxy', () => {
  it.each(['BILLING_API_PROXY', 'HTTPS_PROXY', 'https_proxy'])('carries TLS to the billing API where %s names it', async (name) => {
    const before = proxy.log().length;
    expect(isGood(await askThrough({ [name]: `http://127.0.0.1:${proxy.port}` }))).toBe(true);
    expect(proxy.log().slice(before)).toContain(`CONNECT localhost:${httpsPort()}`);
  });

  it('carries plain HTTP through a tunnel as well', async () => {
    const before = proxy.log().length;
    const settings = { BILLING_API_URL: plain.url, BILLING_API_TLS_CA_FILE: '', HTTP_PROXY: `http://127.0.0.1:${proxy.port}` };
    expect(isGood(await askThrough(settings))).toBe(true);
    expect(proxy.log().slice(before)).toContain(`CONNECT 127.0.0.1:${plain.port}`);
  });

  it('gets its user and password, which are in no log line and no message', async () => {
    const address = `127.0.0.1:${guarded.port}`;
    expect(isGood(await askThrough({ BILLING_API_PROXY: `http://the-user:the-password-secret@${address}` }))).toBe(true);
    expect(gateway?.logLines.join('\n')).not.toContain('the-password-secret');
    await gateway?.close();
    const refused = await askThrough({ BILLING_API_PROXY: `http://the-user:a-wrong-secret@${address}` });
    expect(refused.errors[0]?.extensions?.['code']).toBe('UPSTREAM_UNAVAILABLE');
    expect(gateway?.logLines.join('\n')).toMatch(/"reason":"no connection: the proxy answered 40[17]"/);
    expect(refused.text + (gateway?.logLines.join('\n') ?? '')).not.toMatch(/a-wrong-secret|127\.0\.0\.1:\d+"?,"reason/);
  });

  it('that is not there is an outage with a reason', async () => {
    const answer = await askThrough({ BILLING_API_PROXY: 'http://127.0.0.1:1' });
    expect(answer.errors[0]?.extensions?.['code']).toBe('UPSTREAM_UNAVAILABLE');
    expect(gateway?.logLines.join('\n')).toContain('"reason":"no connection: proxy: ECONNREFUSED"');
  });

  it.each(['localhost', 'example.com, LOCALHOST', '*'])('is passed by where NO_PROXY is %j', async (noProxy) => {
    expect(isGood(await askThrough({ HTTPS_PROXY: 'http://127.0.0.1:1', NO_PROXY: noProxy }))).toBe(true);
  });
});
