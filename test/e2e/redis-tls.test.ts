import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toAskedBills, toBillsBody } from '../support/bills-body';
import { until } from '../support/cache-fixtures';
import { createAuthority, type CertificateFiles } from '../support/certificates';
import { spawnGateway } from '../support/gateway-process';
import { findFreePort, startRedis, type RedisServer } from '../support/redis-server';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';

describe('A Redis that refuses the certificate of the gateway', () => {
  const directory = mkdtempSync(join(tmpdir(), 'redis-tls-'));
  const authority = createAuthority(directory);
  let redis: RedisServer;
  let upstream: ScriptedUpstream;
  let proxy: TcpProxy;

  beforeAll(async () => {
    upstream = await startScriptedUpstream(({ url: asked }) => ({ body: toBillsBody(toAskedBills(asked)) }));
    const own = authority.issue('localhost');
    const port = await findFreePort();
    const files = ['--tls-cert-file', own.cert, '--tls-key-file', own.key, '--tls-ca-cert-file', authority.cert];
    redis = await startRedis('--tls-port', String(port), ...files, '--tls-auth-clients', 'yes');
    proxy = await startTcpProxy(port);
  });
  afterAll(async () => {
    await proxy.close();
    await redis.close();
    await upstream.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test.each<[string, () => CertificateFiles | null, RegExp]>([
    ['there is none', () => null, /set REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE/],
    ['it has expired', () => authority.issueExpired('expired'), /renew the certificate in REDIS_TLS_CERT_FILE/],
    [
      'another authority signed it',
      () => createAuthority(directory, 'other').issue('gateway'),
      /Redis does not trust the certificate in REDIS_TLS_CERT_FILE/,
    ],
  ])(
    'does not end the process, which says what to do, where %s',
    async (_case, issue, advice) => {
      const own = issue();
      const gateway = spawnGateway({
        NODE_ENV: 'production',
        HOST: '127.0.0.1',
        DRAIN_DELAY_MS: '0',
        BILLING_API_URL: upstream.url,
        REDIS_URL: `rediss://localhost:${proxy.port}`,
        CACHE_SECRET: 'x'.repeat(32),
        REDIS_TLS_CA_FILE: authority.cert,
        ...(own ? { REDIS_TLS_CERT_FILE: own.cert, REDIS_TLS_KEY_FILE: own.key } : {}),
      });
      try {
        const gatewayUrl = await gateway.ready();
        await gateway.waitFor(advice);
        // Further attempts to connect later, it still serves.
        const before = proxy.connectionCount();
        await until(() => Promise.resolve(proxy.connectionCount() >= before + 2), 60_000);
        const query = '{ customer(idType: "RUC", id: "80012345") { contract(number: "1") { dueDate } } }';
        const response = await fetch(`${gatewayUrl}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: 'Bearer token' },
          body: JSON.stringify({ query }),
        });
        expect(await response.json()).toEqual({ data: { customer: { contract: { dueDate: '2025-07-15' } } } });
        gateway.child.kill('SIGTERM');
        expect(await gateway.exited).toBe(0);
      } finally {
        await gateway.kill();
      }
    },
    120_000,
  );
});
