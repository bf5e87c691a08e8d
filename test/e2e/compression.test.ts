import { request as httpRequest, type IncomingMessage } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Gateway } from '../support/gateway';
import { good, withScript } from '../support/scripted-gateway';

const toQuery = (first: number) =>
  `query Bills { customer(idType: "RUC", id: "80012345") { contract(number: "7") { invoices(first: ${first}) { nodes { number amount billPeriod } } } } }`;
const CACHED = { NODE_ENV: 'production', CACHE_TTL_SECONDS: '600' };

interface Received {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** Asks without what `fetch` does by itself: it sends `Accept-Encoding`, and decompresses. */
function ask(gateway: Gateway, acceptEncoding: string | null, first = 90): Promise<Received> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      `${gateway.url}/graphql`,
      {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: 'Bearer a',
          ...(acceptEncoding !== null && { 'accept-encoding': acceptEncoding }),
        },
      },
      (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(pieces) }));
      },
    );
    sent.on('error', reject);
    sent.end(JSON.stringify({ query: toQuery(first) }));
  });
}

const decode = ({ headers, body }: Received): string =>
  (headers['content-encoding'] === 'br'
    ? brotliDecompressSync(body)
    : headers['content-encoding'] === 'gzip'
      ? gunzipSync(body)
      : body
  ).toString();

describe('Response compression', () => {
  it.each([
    [null, undefined],
    ['', undefined],
    ['identity', undefined],
    ['deflate, zstd', undefined],
    ['gzip', 'gzip'],
    ['GZIP', 'gzip'],
    ['br', 'br'],
    ['gzip, deflate, br', 'br'],
    ['gzip;q=1, br;q=0.5', 'gzip'],
    ['br;q=0, gzip;q=0.1', 'gzip'],
    ['gzip;q=0.5, identity', undefined],
    ['gzip;q=0', undefined],
    ['*', 'br'],
    ['*;q=0', undefined],
    ['identity;q=0, *;q=0', undefined],
  ])('for Accept-Encoding %p is %p, on each path', async (acceptEncoding, coding) => {
    await withScript(
      (request) => good(request, 200),
      async ({ gateway }) => {
        const plain = (await ask(gateway, null)).body.toString();
        const names = new Set<string>();
        for (let i = 0; i < 5; i++) {
          const received = await ask(gateway, acceptEncoding);
          expect(received.headers['content-encoding']).toBe(coding);
          expect(received.headers['content-length']).toBe(String(received.body.length));
          expect(received.headers['vary']).toContain('accept-encoding');
          expect(decode(received)).toBe(plain);
          if (coding) expect(received.body.length).toBeLessThan(plain.length / 3);
          names.add(Object.keys(received.headers).sort().join());
        }
        expect(names.size).toBe(1);
        const paths = gateway.logLines
          .map((line) => JSON.parse(line) as { msg: string; path: string })
          .filter(({ msg }) => msg === 'operation');
        expect(new Set(paths.map(({ path }) => path))).toEqual(new Set(['reference', 'compiled', 'response-cache']));
      },
      CACHED,
    );
  });

  it('is left out for small bodies', async () => {
    await withScript(
      good,
      async ({ gateway }) => {
        for (let i = 0; i < 4; i++) {
          const { headers } = await ask(gateway, 'gzip, br', 3);
          expect(headers['content-encoding']).toBeUndefined();
          expect(headers['vary']).not.toContain('accept-encoding');
        }
      },
      CACHED,
    );
  });

  it('is left out with COMPRESSION=off', async () => {
    await withScript(
      (request) => good(request, 200),
      async ({ gateway }) => {
        const { headers } = await ask(gateway, 'gzip, br');
        expect([headers['content-encoding'], headers['vary']]).toEqual([undefined, expect.not.stringContaining('accept-encoding')]);
      },
      { ...CACHED, COMPRESSION: 'off' },
    );
  });
});
