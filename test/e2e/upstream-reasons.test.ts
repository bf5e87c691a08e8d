import { gzipSync } from 'node:zlib';
import { toAskedBills, toBillsBody } from '../support/bills-body';
import { startGateway } from '../support/gateway';
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
    ['HTML', { body: '<html>words-of-the-upstream</html>' }, /JSON/i],
    ['an amount that is a text', bills({ invoiceCollection: 'words-of-the-upstream' }), /invoiceCollection/],
    ['a contract number of another contract', bills({ contractNo: '80088008' }), /contract/i],
  ])('is in a log line, and holds no address, token or identifier: %s', async (_fault, answer, reason) => {
    const reasons = await reasonsOf(answer);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toMatch(reason);
  });

  it('tells a timeout, and a connection that nobody takes', async () => {
    expect(await reasonsOf({ hang: 'before-headers' }, { BILLING_API_TIMEOUT_MS: '100' })).toEqual(['no whole answer within 100 ms']);
    expect(await reasonsOf({}, { BILLING_API_URL: 'http://127.0.0.1:1' })).toEqual(['no connection: ECONNREFUSED']);
  });
});
