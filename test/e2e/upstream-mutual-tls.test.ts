import { X509Certificate } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { parseConfig, type Environment } from '../../src/config/config';
import { toAskedBills, toBillsBody } from '../support/bills-body';
import { until } from '../support/cache-fixtures';
import { createAuthority } from '../support/certificates';
import { startGateway, type Gateway, type GraphqlAnswer } from '../support/gateway';

const QUERY = 'query ($number: ID!) { customer(idType: "RUC", id: "80012345") { contract(number: $number) { dueDate } } }';
const PASSPHRASE = 'the-passphrase-secret';

const directory = mkdtempSync(join(tmpdir(), 'mutual-tls-'));
const authority = createAuthority(directory);
const other = createAuthority(directory, 'other');
const [one, two] = [authority.issue('client-one'), authority.issue('client-two', { passphrase: PASSPHRASE })];
const stranger = other.issue('client-three');
const files = { cert: join(directory, 'tls.crt'), key: join(directory, 'tls.key'), passphrase: join(directory, 'passphrase') };
const SETTINGS = {
  BILLING_API_TLS_CERT_FILE: files.cert,
  BILLING_API_TLS_KEY_FILE: files.key,
  BILLING_API_TLS_CA_FILE: authority.cert,
};
let upstream: Server;
let gateway: Gateway | null = null;

/** A file that holds a certificate, and the first half of another one. */
function halfWritten(cert: string): string {
  const [path, text] = [join(directory, 'half-written.crt'), readFileSync(cert, 'utf8')];
  writeFileSync(path, text + text.slice(0, text.length / 2));
  return path;
}

function install({ cert, key }: { cert: string; key: string }): void {
  copyFileSync(key, files.key);
  copyFileSync(cert, files.cert);
}

beforeAll(async () => {
  const { cert, key } = authority.issue('localhost');
  writeFileSync(files.passphrase, `${PASSPHRASE}\n`);
  upstream = createServer(
    { cert: readFileSync(cert), key: readFileSync(key), ca: readFileSync(authority.cert), requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      const client = (request.socket as unknown as Pick<TLSSocket, 'getPeerCertificate'>).getPeerCertificate().subject.CN;
      // So that a changed certificate is seen with the next call.
      response.setHeader('connection', 'close');
      response.end(JSON.stringify(toBillsBody(toAskedBills(request.url ?? ''), 3, { dueDate: client })));
    },
  );
  await new Promise<void>((resolve) => upstream.listen(0, resolve));
});
beforeEach(() => install(one));
afterEach(async () => {
  await gateway?.close();
  gateway = null;
});
afterAll(() => {
  upstream.close();
  rmSync(directory, { recursive: true });
});

async function start(settings: Environment = {}): Promise<Gateway> {
  const { port } = upstream.address() as AddressInfo;
  return (gateway = await startGateway({
    ...SETTINGS,
    BILLING_API_URL: `https://localhost:${port}`,
    BILLING_API_RETRIES: '0',
    ...settings,
  }));
}
const ask = (number = '7'): Promise<GraphqlAnswer> => (gateway as Gateway).query(QUERY, { number });
const clientOf = (answer: GraphqlAnswer): unknown => answer.data?.customer?.contract?.dueDate;
const logged = (): string => (gateway as Gateway).logLines.join('\n');

describe('a billing API that wants a client certificate', () => {
  it('gets it, and is trusted by the private CA alone', async () => {
    await start();
    expect(clientOf(await ask())).toBe('client-one');
    await gateway?.close();
    await start({ BILLING_API_TLS_CA_FILE: other.cert });
    expect((await ask()).errors[0]?.extensions?.['code']).toBe('UPSTREAM_UNAVAILABLE');
    expect(logged()).toMatch(/"reason":"no connection: (UNABLE_TO|SELF_SIGNED|CERT)/);
  });

  it('gets new certificates without an operation that fails, under load, and the old one while the new one is unusable', async () => {
    await start({ BILLING_API_TLS_KEY_PASSPHRASE_FILE: files.passphrase });
    const seen: GraphqlAnswer[] = [];
    let isOver = false;
    const client = async (): Promise<void> => {
      for (let i = 0; !isOver; i++) seen.push(await ask(String(i)));
    };
    const load = Promise.all([client(), client()]);
    await until(() => seen.some((answer) => clientOf(answer) === 'client-one'));
    writeFileSync(files.cert, 'no certificate');
    await until(() => logged().includes('cannot be used: the old ones stay'));
    install(two);
    await until(() => seen.some((answer) => clientOf(answer) === 'client-two'));
    isOver = true;
    await load;
    expect(seen.flatMap(({ errors }) => errors)).toEqual([]);
    expect(logged()).toContain('new connections use them');
    expect(logged()).not.toContain(PASSPHRASE);
  });

  it('gets one that has expired as well, and the log says so, once', async () => {
    const expired = authority.issueExpired('client-expired');
    await start({ BILLING_API_TLS_CERT_FILE: expired.cert, BILLING_API_TLS_KEY_FILE: expired.key });
    await ask();
    const lines = (gateway as Gateway).logLines.filter((line) => line.includes('BILLING_API_TLS_CERT_FILE has expired'));
    const expiredAt = new Date(new X509Certificate(readFileSync(expired.cert)).validTo).toISOString();
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([expect.objectContaining({ level: 40, expiredAt })]);
  });

  it.each<[string, () => Environment, RegExp]>([
    ['a missing certificate', () => ({ BILLING_API_TLS_CERT_FILE: join(directory, 'none') }), /CERT_FILE: ".*none" .*\(ENOENT\)/],
    [
      'a certificate without a key',
      () => ({ BILLING_API_TLS_KEY_FILE: '' }),
      /CERT_FILE and BILLING_API_TLS_KEY_FILE must be set together/,
    ],
    ['what is no certificate', () => ({ BILLING_API_TLS_CERT_FILE: files.passphrase }), /CERT_FILE: .* no certificate in PEM/],
    ['what is no key', () => ({ BILLING_API_TLS_KEY_FILE: files.passphrase }), /KEY_FILE: .* no private key in PEM/],
    ['the key of another certificate', () => ({ BILLING_API_TLS_KEY_FILE: stranger.key }), /KEY_FILE: .* not the key of the certificate/],
    [
      'an intermediate certificate that is cut off',
      () => ({ BILLING_API_TLS_CERT_FILE: halfWritten(one.cert) }),
      /CERT_FILE: .* an unreadable certificate \(2 of 2\)/,
    ],
    [
      'an authority that is cut off, behind one that is whole',
      () => ({ BILLING_API_TLS_CA_FILE: halfWritten(authority.cert) }),
      /CA_FILE: .* an unreadable certificate \(2 of 2\)/,
    ],
    [
      'files for a billing API without TLS',
      () => ({ BILLING_API_URL: 'http://localhost' }),
      /TLS_\* settings have no effect without TLS: BILLING_API_URL must start with https/,
    ],
    ['what is no CA', () => ({ BILLING_API_TLS_CA_FILE: files.passphrase }), /CA_FILE: .* no certificate in PEM/],
    [
      'no passphrase',
      () => ({ BILLING_API_TLS_CERT_FILE: two.cert, BILLING_API_TLS_KEY_FILE: two.key }),
      /KEY_FILE: .* no private key in PEM without a passphrase/,
    ],
  ])('stops the start with %s, and names the setting', (_what, settings, problem) => {
    const refused = (): unknown => parseConfig({ ...SETTINGS, ...settings() });
    expect(refused).toThrow(problem);
    expect(refused).not.toThrow(PASSPHRASE);
  });
});
