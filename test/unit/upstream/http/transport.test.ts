import { gzipSync } from 'node:zlib';
import { BillingError } from '../../../../src/billing/model/billing-error';
import { Caller } from '../../../../src/billing/model/caller';
import { bodyBytesOf, LargeAnswer, type HttpAnswer } from '../../../../src/upstream/http/http-response';
import type { Transport, TransportOptions } from '../../../../src/upstream/http/transport';
import { failureOf } from '../../../support/listed-source';
import { openTransport, requestOf, sendGet } from '../../../support/transport';
import { startScriptedUpstream, type Script, type ScriptedUpstream } from '../../../support/scripted-upstream';

interface Ends {
  readonly upstream: ScriptedUpstream;
  readonly transport: Transport;
  readonly get: (path?: string, signal?: AbortSignal) => Promise<HttpAnswer>;
}

async function withTransport(
  script: Script,
  use: (ends: Ends) => Promise<void>,
  options: Partial<TransportOptions> & { prefix?: string } = {},
): Promise<void> {
  const upstream = await startScriptedUpstream(script);
  const { prefix = '', ...settings } = options;
  const transport = openTransport(upstream.url + prefix, settings);
  try {
    await use({
      upstream,
      transport,
      get: (path = '/customers/RUC/1/bills?pageInit=0', signal = new AbortController().signal) =>
        sendGet(transport, requestOf(path, 'a-token', { signal })),
    });
  } finally {
    await transport.close();
    await upstream.close();
  }
}

describe('The transport', () => {
  it('sends the token and what firewalls look for, and no other header', async () => {
    await withTransport(
      () => ({}),
      async ({ get, upstream }) => {
        await get();
        const [request] = upstream.requests;
        expect(Object.keys(request!.headers).sort()).toEqual([
          'accept',
          'accept-encoding',
          'authorization',
          'connection',
          'host',
          'user-agent',
        ]);
        expect(request).toMatchObject({
          method: 'GET',
          headers: { authorization: 'Bearer a-token', accept: 'application/json', 'user-agent': 'test', 'accept-encoding': 'identity' },
        });
      },
    );
  });

  it.each([
    ['', '/bills?a=b'],
    ['/', '/bills?a=b'],
    ['/b2b/v2', '/b2b/v2/bills?a=b'],
    ['/b2b/v2/', '/b2b/v2/bills?a=b'],
    ['/b2b//', '/b2b/bills?a=b'],
  ])('keeps the path %j of the base address in front of every path', async (prefix, url) => {
    await withTransport(
      () => ({}),
      async ({ get, upstream }) => {
        await get('/bills?a=b');
        expect(upstream.requests[0]?.url).toBe(url);
      },
      { prefix },
    );
  });

  it('gives the status, the headers and every byte of a body that comes in many pieces', async () => {
    const body = Buffer.alloc(900_000, 'é€x');
    await withTransport(
      () => ({ status: 203, headers: { 'Retry-After': '7' }, body }),
      async ({ get }) => {
        const answer = await get();
        expect(answer.status).toBe(203);
        expect(answer.headers['retry-after']).toBe('7');
        expect(answer.body.equals(body)).toBe(true);
      },
    );
  });

  it.each([
    ['of a length', {}],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
  ])('reads 64 KiB of the body of an error, %s, and gives one with a larger body without it', async (_, headers) => {
    await withTransport(
      (_request, index) => ({ status: 400, headers, body: Buffer.alloc(index === 0 ? 64 * 1024 : 8_000_000, '[') }),
      async ({ get, upstream }) => {
        expect((await get()).body).toHaveLength(64 * 1024);
        const answer = await get();
        expect(answer).toMatchObject({ status: 400, body: Buffer.alloc(0) });
        // The rest of the body must not be taken for another answer.
        expect((await get()).status).toBe(400);
        expect(upstream.connectionCount()).toBe(2);
      },
      { maxBodyBytes: 12 * 1024 * 1024 },
    );
  });

  it('joins a header that comes twice', async () => {
    await withTransport(
      () => ({ headers: { Vary: ['a', 'b'] } }),
      async ({ get }) => {
        expect((await get()).headers['vary']).toBe('a, b');
      },
    );
  });

  it('gives an empty body where there is none', async () => {
    await withTransport(
      () => ({ status: 204 }),
      async ({ get }) => {
        expect(await get()).toMatchObject({ status: 204, body: Buffer.alloc(0) });
      },
    );
  });

  it.each([301, 302, 303, 307, 308])(
    'does not follow a redirect with the status %i, which would carry the token elsewhere',
    async (status) => {
      const other = await startScriptedUpstream();
      await withTransport(
        () => ({ status, headers: { location: `${other.url}/elsewhere` } }),
        async ({ get, upstream }) => {
          expect((await get()).status).toBe(status);
          expect([upstream.requests.length, other.requests.length]).toEqual([1, 0]);
        },
      );
      await other.close();
    },
  );

  it('passes over interim answers', async () => {
    const rawBytes = [
      'HTTP/1.1 102 Processing',
      '',
      'HTTP/1.1 103 Early Hints',
      'Link: </x>; rel=preload',
      'X-Interim: yes',
      '',
      'HTTP/1.1 200 OK',
      'Content-Length: 2',
      '',
      '{}',
    ].join('\r\n');
    await withTransport(
      () => ({ rawBytes }),
      async ({ get }) => {
        const answer = await get();
        expect([answer.status, answer.body.toString(), answer.headers['x-interim']]).toEqual([200, '{}', undefined]);
      },
    );
  });

  it('takes a switch of protocols, which it did not ask for, for a lost connection', async () => {
    await withTransport(
      () => ({ rawBytes: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n' }),
      async ({ get }) => {
        expect((await failureOf(get())).failure).toBe('unavailable');
      },
    );
  });

  it.each(['', 'identity', 'Identity', 'none', 'UTF-8'])('reads a body whose content-encoding is %j as it is', async (coding) => {
    await withTransport(
      () => ({ headers: { 'content-encoding': coding }, body: '{}' }),
      async ({ get }) => {
        expect((await get()).body.toString()).toBe('{}');
      },
    );
  });

  it.each([
    ['gzip', 'the body is encoded with gzip'],
    ['br', 'the body is encoded with br'],
    ['gzip, br', 'the body is encoded with an unknown coding'],
  ])('refuses a body that is encoded with %s, which was not asked for', async (coding, reason) => {
    await withTransport(
      () => ({ headers: { 'content-encoding': coding }, body: gzipSync('{}') }),
      async ({ get }) => {
        expect(await failureOf(get())).toMatchObject({ failure: 'invalid-response', cause: { message: reason } });
      },
    );
  });

  describe('with compression', () => {
    const gzip =
      (body: Buffer, coding = 'gzip'): Script =>
      () => ({ headers: { 'content-encoding': coding }, body: gzipSync(body) });
    const text = Buffer.from(JSON.stringify(Array.from({ length: 5000 }, (_, index) => ({ invoiceNumber: index, billPeriod: '2025-06' }))));

    it.each(['gzip', 'x-gzip', 'GZIP'])('asks for gzip, and decompresses a body that says %s', async (coding) => {
      await withTransport(
        gzip(text, coding),
        async ({ get, upstream }) => {
          const answer = await get();
          expect(upstream.requests[0]?.headers['accept-encoding']).toBe('gzip');
          expect(answer.body.equals(text)).toBe(true);
          // What is cached is the decompressed body.
          expect(answer.headers['content-encoding']).toBeUndefined();
        },
        { compression: 'gzip' },
      );
    });

    it.each<[string, Script, string]>([
      ['is larger than the limit', gzip(Buffer.alloc(1024 * 1024 + 1, 'x')), 'the body is larger than 1048576 bytes'],
      ['is no gzip', () => ({ headers: { 'content-encoding': 'gzip' }, body: '{}' }), 'the body is not valid gzip'],
      [
        'is cut off',
        () => ({ headers: { 'content-encoding': 'gzip' }, body: gzipSync(text).subarray(0, -20) }),
        'the body is not valid gzip',
      ],
      ['is encoded otherwise', gzip(text, 'br'), 'the body is encoded with br'],
    ])('refuses a body that %s', async (_what, script, reason) => {
      await withTransport(
        script,
        async ({ get }) => {
          expect(await failureOf(get())).toMatchObject({ failure: 'invalid-response', cause: { message: reason } });
        },
        { compression: 'gzip' },
      );
    });

    it('decompresses a body that is less than a hundred times its compressed size, however large', async () => {
      const body = Buffer.from(Array.from({ length: 200_000 }, (_, index) => `{"n":${index}}`).join());
      await withTransport(
        gzip(body),
        async ({ get }) => {
          const answer = await get();
          // Its pieces are joined where it is read, in a turn of the event loop that has room for that.
          expect(answer).toBeInstanceOf(LargeAnswer);
          expect([bodyBytesOf(answer), answer.headers['content-encoding']]).toEqual([body.length, undefined]);
          expect(answer.body.equals(body)).toBe(true);
        },
        { compression: 'gzip', maxBodyBytes: 1 << 26 },
      );
    });

    it.each([
      [200, null],
      [404, null],
      [299, null],
      [300, 300],
      [400, 400],
      [500, 500],
    ])('takes a body that is no gzip for a failure where it matters: with a status of %d', async (status, expected) => {
      await withTransport(
        () => ({ status, headers: { 'content-encoding': 'gzip' }, body: '{}' }),
        async ({ get }) => {
          const outcome = get();
          if (expected === null) expect((await failureOf(outcome)).failure).toBe('invalid-response');
          else expect(await outcome).toMatchObject({ status: expected, body: Buffer.alloc(0) });
        },
        { compression: 'gzip' },
      );
    });

    it('takes no body for one, whatever coding is named', async () => {
      await withTransport(
        () => ({ headers: { 'content-encoding': 'gzip' }, body: '' }),
        async ({ get }) => {
          expect(await get()).toMatchObject({ status: 200, body: Buffer.alloc(0) });
        },
        { compression: 'gzip' },
      );
    });

    it('refuses a body that is more than a hundred times its compressed size', async () => {
      await withTransport(
        gzip(Buffer.alloc(10_000_000)),
        async ({ get }) => {
          expect(await failureOf(get())).toMatchObject({ cause: { message: 'the body is larger than 100 times its compressed size' } });
        },
        { compression: 'gzip', maxBodyBytes: 1 << 26 },
      );
    });
  });

  it('sends the headers of the operator, the request id under the name that it wants, and what is forwarded for the caller', async () => {
    await withTransport(
      () => ({}),
      async ({ transport, upstream }) => {
        const caller = Caller.parse('Bearer a', ['accept-language', 'es']) as Caller;
        await sendGet(transport, requestOf('/a', 'a', { caller, requestId: 'id-1' }));
        await sendGet(transport, requestOf('/a', 'a'));
        expect(
          upstream.requests.map(({ headers }) => [headers['x-api-key'], headers['x-correlation-id'], headers['accept-language']]),
        ).toEqual([
          ['secret', 'id-1', 'es'],
          ['secret', undefined, undefined],
        ]);
      },
      { headers: ['x-api-key', 'secret'], correlationHeader: 'x-correlation-id' },
    );
  });

  it('sends no request id where no name was given to it', async () => {
    await withTransport(
      () => ({}),
      async ({ transport, upstream }) => {
        await sendGet(transport, requestOf('/a', 'a', { requestId: 'id-1', trace: [] }));
        expect(upstream.requests[0]?.rawHeaders.filter((_, index) => index % 2 === 0)).toEqual([
          'host',
          'connection',
          'user-agent',
          'accept-encoding',
          'accept',
          'authorization',
        ]);
      },
    );
  });

  it.each([
    ['with a length', {}],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
  ])('takes a body that is cut off for a lost connection and not for an answer, where it comes %s', async (_how, headers) => {
    await withTransport(
      () => ({ headers, body: '{"contractNo":"1"}', truncateAtBytes: 9 }),
      async ({ get }) => {
        expect((await failureOf(get())).failure).toBe('unavailable');
      },
    );
  });

  it('reports a connection that is reset, bytes that are not HTTP, and nobody listening as unavailable', async () => {
    await withTransport(
      () => ({ reset: true }),
      async ({ get }) => {
        expect((await failureOf(get())).failure).toBe('unavailable');
      },
    );
    await withTransport(
      () => ({ rawBytes: 'SSH-2.0-OpenSSH_9.6\r\n' }),
      async ({ get }) => {
        expect((await failureOf(get())).failure).toBe('unavailable');
      },
    );
    await withTransport(
      () => ({}),
      async ({ get, upstream }) => {
        await upstream.close();
        expect((await failureOf(get())).failure).toBe('unavailable');
      },
    );
  });

  it('reads a body of exactly the limit and refuses one byte more, told or not', async () => {
    const body =
      (bytes: number): Script =>
      () => ({ body: 'x'.repeat(bytes) });
    await withTransport(
      body(1000),
      async ({ get, upstream }) => {
        expect((await get()).body).toHaveLength(1000);
        upstream.setScript(body(1001));
        expect((await failureOf(get())).failure).toBe('invalid-response');
        upstream.setScript(() => ({ headers: { 'transfer-encoding': 'chunked' }, body: 'x'.repeat(1001) }));
        expect((await failureOf(get())).failure).toBe('invalid-response');
        // The refusals cost their own connections alone.
        upstream.setScript(body(10));
        expect((await get()).body).toHaveLength(10);
      },
      { maxBodyBytes: 1000 },
    );
  });

  it('refuses a body that announces too much without waiting for a byte of it', async () => {
    await withTransport(
      () => ({ headers: { 'content-length': 99_999_999 }, hang: 'after-headers' }),
      async ({ get }) => {
        expect((await failureOf(get())).failure).toBe('invalid-response');
      },
    );
  });

  it.each(['before-headers', 'after-headers', 'in-body'] as const)(
    'gives up in time on an upstream that goes silent %s, and leaves it',
    async (hang) => {
      await withTransport(
        () => ({ hang, body: '{"contractNo":"1"}' }),
        async ({ get, upstream }) => {
          expect((await failureOf(get())).failure).toBe('timeout');
          upstream.setScript(() => ({}));
          expect((await get()).status).toBe(200);
        },
        { timeoutMs: 60 },
      );
    },
  );

  it('counts the wait for a free connection as a part of the time', async () => {
    await withTransport(
      () => ({ hang: 'before-headers' }),
      async ({ get }) => {
        const failures = await Promise.all([failureOf(get()), failureOf(get())]);
        expect(failures.map(({ failure }) => failure)).toEqual(['timeout', 'timeout']);
      },
      { connections: { max: 1 }, timeoutMs: 80 },
    );
  });

  it('ends with the reason of its signal, before the call and during it', async () => {
    const gone = new BillingError('unavailable', 'The client closed the connection.');
    await withTransport(
      () => ({ hang: 'before-headers' }),
      async ({ get, upstream }) => {
        const controller = new AbortController();
        const call = failureOf(get('/a', controller.signal));
        await upstream.waitForRequests(1);
        controller.abort(gone);
        expect(await call).toMatchObject({ reason: gone });
        expect(await failureOf(get('/b', controller.signal))).toBe(gone);
        expect(upstream.requests.map(({ url }) => url)).toEqual(['/a']);
      },
    );
  });

  it('uses a connection again', async () => {
    await withTransport(
      () => ({}),
      async ({ get, upstream }) => {
        for (let i = 0; i < 5; i++) await get();
        expect(upstream.connectionCount()).toBe(1);
      },
      { connections: { max: 1 } },
    );
  });
});
