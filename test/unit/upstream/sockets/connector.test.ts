import dns from 'node:dns';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type TLSSocket } from 'node:tls';
import { createConnector } from '../../../../src/upstream/sockets/connector';
import { TlsFiles } from '../../../../src/upstream/sockets/tls-files';
import { createAuthority } from '../../../support/certificates';

const directory = mkdtempSync(join(tmpdir(), 'connector-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('A connection over TLS', () => {
  it('to an absolute name is secured for the name, whose dot at the end no server name may have', async () => {
    const authority = createAuthority(directory);
    const { cert, key } = authority.issue('billing.example');
    const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const lookedUp: string[] = [];
    jest.spyOn(dns, 'lookup').mockImplementation(((name: string, _options: object, callback: (...results: unknown[]) => void) => {
      lookedUp.push(name);
      process.nextTick(callback, null, [{ address: '127.0.0.1', family: 4 }]);
    }) as never);
    try {
      const connect = createConnector({
        origin: new URL(`https://billing.example.:${(server.address() as AddressInfo).port}`),
        proxy: null,
        tlsFiles: new TlsFiles({ certFile: null, keyFile: null, keyPassphraseFile: null, caFile: authority.cert }),
        timeoutMs: 60_000,
      });
      const secured = once(server, 'secureConnection') as Promise<[TLSSocket & { servername?: unknown }]>;
      const socket = connect(() => undefined) as Socket;
      await once(socket, 'secureConnect');
      const [{ servername }] = await secured;
      expect([servername, lookedUp]).toEqual(['billing.example', ['billing.example.']]);
      socket.destroy();
    } finally {
      jest.restoreAllMocks();
      server.close();
    }
  });
});
