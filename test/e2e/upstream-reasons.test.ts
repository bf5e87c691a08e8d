import { gzipSync } from 'node:zlib';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { startBalancer } from '../support/balancer';
import { toAskedBills, toBillsBody } from '../support/bills-body';
import { createAuthority } from '../support/certificates';
import { startGateway } from '../support/gateway';
import { withScript } from '../support/scripted-gateway';
import { startSocketUpstream } from '../support/socket-upstream';
import { startScriptedUpstream, type ScriptedAnswer } from '../support/scripted-upstream';

const QUERY =
  '{ customer(idType: "RUC", id: "80012345") { contract(number: "70077007") { dueDate invoices { nodes { number amount } } } } }';
const TOKEN = 'the-secret-token';

/** The reasons in the log of one operation against a billing API that does this to every request. */
async function reasonsOf(answer: ScriptedAnswer, others: Record<string, string> = {}): Promise<unknown[]> {
  const upstream = await startScriptedUpstream(() => answer);
  const gateway = await startGateway({
    BILLING_API_URL: upstream.url,
    BILLING_API_RETRIES: '0',
    BILLING_API_MAX_BODY_BYTES: '100000',
    CONTRACT_CHECK: 'strict',
    LOG_LEVEL: 'debug',
    ...others,
  });
  try {
    await gateway.query(QUERY, {}, { token: TOKEN });
    const lines = gateway.logLines.map((line) => JSON.parse(line) as { msg: string; reason?: unknown });
    const reasons = lines.filter(({ reason }) => reason !== undefined).map(({ reason }) => reason);
    for (const secret of [TOKEN, '80012345', '70077007', '127.0.0.1', String(upstream.port), 'words-of-the-upstream'])
      expect(reasons.join('\n')).not.toContain(secret);
    return reasons;
  } finally {
    await gateway.close();
    await upstream.close();
  }
}

const bills = (others: Record<string, unknown>): ScriptedAnswer => ({
  body: toBillsBody(toAskedBills('/customers/RUC/80012345/bills?contractNumber=70077007&quantity=3'), 3, others),
});
const raw = (...lines: string[]): ScriptedAnswer => ({ rawBytes: lines.join('\r\n') });

describe('The reason of a failed attempt or an unusable response', () => {
  it.each<[string, ScriptedAnswer, RegExp]>([
    ['a reset connection', { reset: true }, /^no connection: (ECONNRESET|closed before the end of the answer)$/],
    ['a closed connection', { rawBytes: '' }, /^no connection: closed before the end of the answer$/],
    ['a body cut off', { body: '{"contractNo":"7"}', truncateAtBytes: 5 }, /^no connection: closed before the end of the answer$/],
    ['another protocol', raw('SSH-2.0-OpenSSH_9.6', '', ''), /^not HTTP\/1\.1: its first line is not a status line$/],
    [
      'an invalid header line',
      raw('HTTP/1.1 200 OK', 'words-of-the-upstream', '', ''),
      /^not HTTP\/1\.1: a line of its head is not a header$/,
    ],
    ['bare line feeds', raw('HTTP/1.1 200 OK\nContent-Length: 0\n\n'), /^not HTTP\/1\.1: .* without a carriage return$/],
    [
      'two lengths',
      raw('HTTP/1.1 200 OK', 'Content-Length: 1', 'Content-Length: 2', '', '{}'),
      /^not HTTP\/1\.1: its length is not a number$/,
    ],
    [
      'a length and chunks',
      raw('HTTP/1.1 200 OK', 'Content-Length: 1', 'Transfer-Encoding: chunked', '', ''),
      /^not HTTP\/1\.1: its body has a framing that is not clear$/,
    ],
    ['a switch of protocols', raw('HTTP/1.1 101 Switching Protocols', '', ''), /^not HTTP\/1\.1: .* status of 101/],
    ['bad chunks', raw('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', 'zz', ''), /^not HTTP\/1\.1: a chunk has no size$/],
    ['large headers', { headers: { 'x-long': 'x'.repeat(50_000) } }, /^the headers are too large$/],
    ['a large body', { body: 'x'.repeat(100_001) }, /^the body is larger than 100000 bytes$/],
    ['a compressed body', { headers: { 'content-encoding': 'gzip' }, body: gzipSync('{}') }, /^the body is encoded with gzip$/],
    [
      'an unknown coding',
      { headers: { 'content-encoding': 'words-of-the-upstream' }, body: '{}' },
      /^the body is encoded with an unknown coding$/,
    ],
    ['400', { status: 400, body: { error: { message: 'words-of-the-upstream' } } }, /^status 400$/],
    ['401', { status: 401 }, /^status 401$/],
    ['403 of a firewall', { status: 403, body: '<h1>words-of-the-upstream</h1>' }, /^403 without an errorBody$/],
    ['408', { status: 408 }, /^status 408$/],
    ['429', { status: 429 }, /^status 429$/],
    ['500', { status: 500 }, /^status 500$/],
    ['503', { status: 503 }, /^status 503$/],
    ['522', { status: 522 }, /^status 522$/],
    ['a redirect', { status: 302 }, /^status 302$/],
    ['HTML', { body: '<html>words-of-the-upstream</html>' }, /^the body is not JSON, but HTML or XML$/],
    ['an empty body', { body: '' }, /^the body is not JSON: it is empty$/],
    ['an amount that is a text', bills({ invoiceCollection: 'words-of-the-upstream' }), /invoiceCollection/],
    ['a contract number of another contract', bills({ contractNo: '80088008' }), /contract/i],
  ])('is in a log line, and holds no address, token or identifier: %s', async (_fault, answer, reason) => {
    const reasons = await reasonsOf(answer);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toMatch(reason);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['is a text', { invoiceCollection: 'words-of-the-upstream' }, /^\/invoiceCollection must be array,null$/],
    ['has another name', { invoiceCollection: undefined, invoices: [] }, /^the list of invoices is missing/],
    [
      'has invoices of other contracts',
      { contractNo: undefined, invoiceCollection: [{ invoiceContractNo: '70077007' }, { invoiceContractNo: '80088008' }] },
      /^the list has invoices of other contracts than/,
    ],
  ])('is told where a list alone cannot be used, since it %s', async (_fault, others, reason) => {
    expect(await reasonsOf(bills(others), { CONTRACT_CHECK: 'lenient' })).toEqual([expect.stringMatching(reason)]);
  });

  it('tells a timeout, and a connection that nobody takes', async () => {
    expect(await reasonsOf({ hang: 'before-headers' }, { BILLING_API_TIMEOUT_MS: '1000' })).toEqual(['no whole answer within 1000 ms']);
    expect(await reasonsOf({}, { BILLING_API_URL: 'http://127.0.0.1:1' })).toEqual(['no connection: ECONNREFUSED']);
  });

  it('tells a network that swallows everything from a billing API that is slow', async () => {
    const swallowing = await startSocketUpstream(() => undefined);
    const limit = { BILLING_API_TIMEOUT_MS: '100' };
    const origin = { BILLING_API_URL: swallowing.url.replace('http:', 'https:') };
    const proxy = { BILLING_API_URL: 'http://billing.example', BILLING_API_PROXY: swallowing.url };
    try {
      expect(await reasonsOf({}, { ...limit, ...origin })).toEqual(['no connection within 100 ms: the TLS handshake is not complete']);
      expect(await reasonsOf({}, { ...limit, ...proxy })).toEqual(['no connection within 100 ms: the proxy has not opened a tunnel']);
    } finally {
      await swallowing.close();
    }
    expect(await reasonsOf({ hang: 'in-body' }, { BILLING_API_TIMEOUT_MS: '1000' })).toEqual([
      'no whole answer within 1000 ms, but a part of one',
    ]);
  });
});

describe('A refusal by something in front of the billing API', () => {
  const page = '<html><head><title>400 No required SSL certificate was sent</title></head></html>';
  it.each<[string, ScriptedAnswer, string, string]>([
    ['a web server that wants TLS or a certificate', { status: 400, body: page }, 'BAD_USER_INPUT', '400 without an errorBody'],
    [
      'an API gateway that wants its key',
      { status: 401, headers: { 'www-authenticate': 'Key realm="kong"' }, body: { message: 'No API key found in request' } },
      'UNAUTHENTICATED',
      '401 that asks for other credentials than a bearer token',
    ],
    ['a firewall', { status: 403, body: '<h1>Access Denied</h1>' }, 'FORBIDDEN', '403 without an errorBody'],
  ])('is in the log at the default level: %s', async (_what, answer, code, reason) => {
    await withScript(
      () => answer,
      async ({ gateway }) => {
        expect((await gateway.query(QUERY)).errors.map(({ extensions }) => extensions?.['code'])).toEqual([code]);
        const lines = gateway.logLines.filter((line) => line.includes('"msg":"attempt"')).map((line) => JSON.parse(line) as unknown);
        expect(lines).toEqual([expect.objectContaining({ level: 40, status: answer.status, reason })]);
      },
      { LOG_LEVEL: 'info' },
    );
  });
});

describe("The billing API's own refusal", () => {
  it('is told from that of a proxy in ISO-8859-1 as well', async () => {
    const headers = { 'content-type': 'application/json;charset=ISO-8859-1' };
    const body = Buffer.from(JSON.stringify({ error: { message: 'Contrato inválido' } }), 'latin1');
    await withScript(
      (_request, index) => ({ status: index === 0 ? 400 : 403, headers, body }),
      async ({ gateway }) => {
        expect((await gateway.query(QUERY)).errors[0]?.message).toBe('Contrato inválido');
        expect((await gateway.query(QUERY)).errors[0]?.message).toMatch(/^The bearer token does not allow/);
      },
    );
  });
});

describe('The one line of a connection that cannot be made', () => {
  const directory = mkdtempSync(join(tmpdir(), 'reasons-'));
  const authority = createAuthority(directory);
  const other = createAuthority(directory, 'other');
  afterAll(() => rmSync(directory, { recursive: true }));
  const certified = (name: string, others: TlsOptions = {}): TlsOptions => {
    const { cert, key } = authority.issue(name);
    return { cert: readFileSync(cert), key: readFileSync(key), ...others };
  };

  it.each<[string, () => TlsOptions | null, string, RegExp]>([
    [
      'a CA that is not known',
      () => certified('localhost'),
      other.cert,
      /^no connection: UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT_LOCALLY)$/,
    ],
    [
      'a certificate of another name',
      () => certified('elsewhere.example'),
      authority.cert,
      /^no connection: ERR_TLS_CERT_ALTNAME_INVALID$/,
    ],
    [
      'a client certificate that is missing',
      () => certified('localhost', { requestCert: true, rejectUnauthorized: true, ca: readFileSync(authority.cert) }),
      authority.cert,
      /^no connection: (ERR_SSL_\w*CERTIFICATE_REQUIRED|ECONNRESET|closed before the end of the answer)$/,
    ],
    [
      'a version of TLS that is too old',
      () => certified('localhost', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
      authority.cert,
      /^no connection: ERR_SSL_\w*PROTOCOL\w*$/,
    ],
    ['no TLS at all', () => null, authority.cert, /^no connection: ERR_SSL_\w+$/],
  ])('says why, at the default level, and nothing of the other side: %s', async (_what, tls, ca, reason) => {
    const settings = tls();
    const refuse = (socket: Socket): void => void socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const balancer = await startBalancer({
      onRequest: ({ respond }) => respond(),
      ...(settings ? { tls: settings } : { onConnection: refuse }),
    });
    try {
      const lines = await failedLines(`https://localhost:${balancer.port}`, { BILLING_API_TLS_CA_FILE: ca });
      expect(lines).toEqual([{ level: 40, outcome: 'unavailable', reason: expect.stringMatching(reason) }]);
    } finally {
      await balancer.close();
    }
  });

  it('says why where TLS is spoken to plain HTTP, and where there is no such host', async () => {
    const balancer = await startBalancer({ onRequest: () => undefined, tls: certified('localhost') });
    try {
      const plain = await failedLines(`http://localhost:${balancer.port}`);
      expect(plain).toEqual([{ level: 40, outcome: 'unavailable', reason: expect.stringMatching(/^(not HTTP|no connection)/) }]);
    } finally {
      await balancer.close();
    }
    const absent = await failedLines('http://no-such-host.invalid');
    expect(absent).toEqual([
      { level: 40, outcome: 'unavailable', reason: expect.stringMatching(/^no connection: (ENOTFOUND|EAI_AGAIN)$/) },
    ]);
  });

  /** The lines about the attempts of one operation, as an operator's default level shows them. */
  async function failedLines(url: string, settings: Record<string, string> = {}): Promise<unknown[]> {
    const gateway = await startGateway({ BILLING_API_URL: url, BILLING_API_RETRIES: '0', LOG_LEVEL: 'info', ...settings });
    try {
      await gateway.query(QUERY, {}, { token: TOKEN });
      const texts = gateway.logLines.filter((line) => line.includes('"msg":"attempt"'));
      const { hostname, port } = new URL(url);
      for (const secret of [TOKEN, '80012345', '70077007', '127.0.0.1', hostname, port || 'no-such-host'])
        expect(texts.join('\n')).not.toContain(secret);
      return texts
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .map(({ level, outcome, reason }) => ({ level, outcome, reason }));
    } finally {
      await gateway.close();
    }
  }
});
