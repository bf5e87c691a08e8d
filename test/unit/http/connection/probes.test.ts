import fastify from 'fastify';
import { createProbeServer, registerProbes, toProbes, toUrl, type ProbeServer, type Probes } from '../../../../src/http/connection/probes';
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

const METRICS = { contentType: 'text/plain; version=0.0.4', text: () => Promise.resolve('some_total 1\n') };
const JSON_TYPE = 'application/json; charset=utf-8';

describe('A probe', () => {
  let ready: Probes['isReady'];
  const servers: ProbeServer[] = [];
  const start = async (metrics?: Probes['metrics']): Promise<string> => {
    const server = await createProbeServer({ host: '127.0.0.1', port: 0, probes: { isReady: () => ready(), metrics } });
    servers.push(server);
    return server.url;
  };
  beforeEach(() => (ready = () => true));
  afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

  const ask = async (url: string, init?: RequestInit) => {
    const response = await fetch(url, init);
    const { status, headers } = response;
    return { status, type: headers.get('content-type'), cached: headers.get('cache-control'), body: await response.text(), headers };
  };

  it('is answered by what is at its path, whatever its query is, and is never stored', async () => {
    const url = await start(METRICS);
    const cached = 'no-store';
    expect(await ask(`${url}/healthz`)).toMatchObject({ status: 200, type: JSON_TYPE, cached, body: '{"status":"ok"}' });
    expect(await ask(`${url}/readyz?verbose=1`)).toMatchObject({ status: 200, type: JSON_TYPE, cached, body: '{"status":"ready"}' });
    expect(await ask(`${url}/metrics`)).toMatchObject({ status: 200, type: METRICS.contentType, cached, body: 'some_total 1\n' });
    expect(await ask(`${url}/graphql`)).toMatchObject({ status: 404, type: 'text/plain', body: 'Probes: /healthz /readyz /metrics\n' });
  });

  it('finds no metrics where there are none', async () => {
    expect((await ask(`${await start()}/metrics`)).status).toBe(404);
  });

  it('of readiness is refused where the process is not ready, and fails where that cannot be told', async () => {
    const url = await start();
    ready = () => Promise.resolve(false);
    expect(await ask(`${url}/readyz`)).toMatchObject({ status: 503, type: JSON_TYPE, body: '{"status":"not ready"}' });
    expect((await ask(`${url}/healthz`)).status).toBe(200);
    ready = () => Promise.reject(new Error('no process answers'));
    expect(await ask(`${url}/readyz`)).toMatchObject({ status: 500, body: '' });
  });

  it('may be a HEAD, which has no body, and no other method than that and GET', async () => {
    const url = await start();
    const head = await ask(`${url}/healthz`, { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, body: '' });
    expect(head.headers.get('content-length')).toBe('15');
    const post = await ask(`${url}/healthz`, { method: 'POST', body: '{}' });
    expect(post).toMatchObject({ status: 405, body: '' });
    expect(post.headers.get('allow')).toBe('GET, HEAD');
  });

  it('that is still being sent is answered, and its connection can be used for the next one', async () => {
    const { socket, received } = openConnection(Number(new URL(await start()).port));
    socket.write('POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n');
    await until(() => received().includes('HTTP/1.1 405'));
    socket.write('x'.repeat(100_000));
    socket.write(toGet('/healthz'));
    await until(() => received().endsWith('{"status":"ok"}'));
    socket.destroy();
  });

  it('may be one of many over one connection, where few wait at once', async () => {
    const { socket, received } = openConnection(Number(new URL(await start()).port));
    for (let count = 60; count <= 120; count += 60) {
      socket.write(toGet('/healthz').repeat(60));
      await until(() => received().split('"ok"').length === count + 1);
    }
    socket.destroy();
  });

  it('has a port of its own, which is that of no other server', async () => {
    const port = Number(new URL(await start()).port);
    await expect(createProbeServer({ host: '127.0.0.1', port, probes: { isReady: ready } })).rejects.toThrow('EADDRINUSE');
  });

  it('is not waited for when the port is closed', async () => {
    const { socket, received, closed } = openConnection(Number(new URL(await start()).port));
    socket.write(toGet('/healthz'));
    await until(() => received().includes('"ok"'));
    await servers.pop()?.close();
    await closed;
  });

  it('speaks for all processes that serve together', async () => {
    const siblings = { isReady: () => Promise.resolve(false), metricsText: () => Promise.resolve('some_total 2\n') };
    const probes = toProbes({ isReady: ready, metrics: METRICS }, siblings);
    expect(await probes.isReady()).toBe(false);
    expect(probes.metrics?.contentType).toBe(METRICS.contentType);
    expect(await probes.metrics?.text()).toBe('some_total 2\n');
    expect(toProbes({ isReady: ready }, siblings).metrics).toBeUndefined();
    expect(await toProbes({ isReady: ready, metrics: METRICS }, null).isReady()).toBe(true);
  });

  it('is answered in the same way at the port of GraphQL', async () => {
    const app = fastify();
    registerProbes(app, { isReady: () => ready(), metrics: METRICS });
    const { statusCode, headers, body } = await app.inject('/metrics');
    expect([statusCode, headers['content-type'], headers['cache-control'], body]).toEqual([
      200,
      METRICS.contentType,
      'no-store',
      'some_total 1\n',
    ]);
    expect((await app.inject({ method: 'HEAD', url: '/healthz' })).statusCode).toBe(200);
    ready = () => false;
    expect((await app.inject('/readyz')).statusCode).toBe(503);
    const without = fastify();
    registerProbes(without, { isReady: ready });
    expect((await without.inject('/metrics')).statusCode).toBe(404);
    expect((await without.inject('/healthz')).statusCode).toBe(200);
  });
});

describe('The URL of a server', () => {
  it('has an IPv6 address in brackets', () => {
    expect([toUrl('127.0.0.1', 80), toUrl('::1', 80)]).toEqual(['http://127.0.0.1:80', 'http://[::1]:80']);
  });
});
