import { createProbeServer, toProbes, type ProbeServer } from '../../../../src/http/connection/probes';
import { until } from '../../../support/cache-fixtures';
import { openConnection, sendBytes } from '../../../support/raw-bytes';

const toGet = (path: string, headers = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`;

describe('The port of the probes', () => {
  let server: ProbeServer;
  let port: number;
  /** How often the metrics were written. */
  let written: number;
  let writeAll: () => void;
  beforeEach(async () => {
    written = 0;
    const writing = new Promise<void>((resolve) => (writeAll = resolve));
    const text = async (): Promise<string> => {
      written++;
      await writing;
      return 'some_total 1\n';
    };
    const probes = toProbes({ isReady: () => true, metrics: { contentType: 'text/plain', text } });
    server = await createProbeServer({ host: '127.0.0.1', port: 0, probes });
    port = Number(new URL(server.url).port);
  });
  afterEach(() => server.close());

  it('writes the metrics once for all who ask meanwhile, and again for who asks later', async () => {
    const { socket, received } = openConnection(port);
    socket.write(toGet('/metrics').repeat(50));
    await until(() => written > 0);
    // Those that were sent behind them have come, too.
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    writeAll();
    await until(() => received().split('some_total 1').length === 51);
    expect(written).toBe(1);
    socket.destroy();
    expect(await (await fetch(`${server.url}/metrics`)).text()).toBe('some_total 1\n');
    expect(written).toBe(2);
  });

  it('answers a CONNECT', async () => {
    expect(await sendBytes(port, 'CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n')).toMatch(/^HTTP\/1\.1 405 [^]*allow: GET, HEAD\r\n/);
  });

  it('closes a connection with more unanswered requests than it may have', async () => {
    expect((await sendBytes(port, toGet('/metrics').repeat(200))).length).toBe(0);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });
});
