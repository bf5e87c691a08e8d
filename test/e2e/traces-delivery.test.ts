import { spawnGateway } from '../support/gateway-process';
import { startCollector } from '../support/otlp-collector';
import { loadedBy, TELL_LOADED } from '../support/loaded-packages';
import type { RawRequest } from '../support/raw-request';
import { good } from '../support/scripted-gateway';
import { withTraces } from '../support/traced-process';

const QUERY = 'query Bills { customer(idType: "RUC", id: "80012345") { contract(number: "7") { dueDate } } }';
const ask = (): RawRequest => ({
  method: 'POST',
  path: '/graphql',
  headers: { 'content-type': 'application/json', authorization: 'Bearer a-token' },
  body: JSON.stringify({ query: QUERY }),
});
const loadedOfOtel = (output: string): string[] => Object.keys(loadedBy(output)).filter((name) => name.startsWith('@opentelemetry/'));
const lines = (output: string): Record<string, unknown>[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const aboutTraces = (output: string): Record<string, unknown>[] => lines(output).filter(({ msg }) => String(msg).includes('traces'));

describe('Without a setting of OpenTelemetry', () => {
  it.each([
    ['with none at all', { OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
    ['with the SDK disabled', { OTEL_SDK_DISABLED: 'true' }],
    ['with no exporter', { OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }],
  ])('nothing of its SDK is loaded, nothing is sent, and the billing API is told of no trace: %s', async (_what, environment) => {
    await withTraces(
      async ({ send, stop, gateway, collector, upstream }) => {
        expect(
          (await send({ ...ask(), headers: { ...ask().headers, traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' } }))
            .status,
        ).toBe(200);
        await stop();
        // The interface alone, which the metrics' library loads by itself.
        expect(loadedOfOtel(gateway.stderr())).toEqual(['@opentelemetry/api']);
        expect(collector.deliveries).toEqual([]);
        expect(upstream.requests[0]?.headers).not.toHaveProperty('traceparent');
        expect(lines(gateway.stdout()).find(({ msg }) => msg === 'operation')?.['traceId']).toBe('0af7651916cd43dd8448eb211c80319c');
      },
      { environment: { ...TELL_LOADED, ...environment } },
    );
  });

  it('which would show: with one, it is loaded', async () => {
    await withTraces(
      async ({ stop, gateway }) => {
        await stop();
        expect(loadedOfOtel(gateway.stderr())).toEqual(
          expect.arrayContaining(['@opentelemetry/sdk-trace', '@opentelemetry/exporter-trace-otlp-proto']),
        );
      },
      { environment: TELL_LOADED },
    );
  });
});

describe('The delivery of traces', () => {
  it('is over before the process ends, and has the operations that were under way when it was told to', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    await withTraces(
      async ({ send, gateway, upstream, collector }) => {
        const answer = send(ask());
        await upstream.waitForRequests(1);
        gateway.child.kill('SIGTERM');
        await gateway.waitFor(/"msg":"stopping"/);
        release();
        expect((await answer).status).toBe(200);
        expect(await gateway.exited).toBe(0);
        expect(collector.spans.map(({ name }) => name).sort()).toEqual(['GET /customers/{idType}/{id}/bills', 'plan calls', 'query']);
      },
      { script: async (request) => (await held, good(request)), environment: { OTEL_BSP_SCHEDULE_DELAY: '600000' } },
    );
  });

  it('comes in batches, as the settings of the batch say', async () => {
    await withTraces(
      async ({ send, collector }) => {
        await send(ask());
        await collector.waitFor((spans) => spans.length === 3);
        expect(collector.deliveries.length).toBeGreaterThan(1);
      },
      { environment: { OTEL_BSP_SCHEDULE_DELAY: '10', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1' } },
    );
  });

  it('goes where, how and under which names the settings say', async () => {
    const elsewhere = await startCollector();
    try {
      await withTraces(
        async ({ send, stop, collector }) => {
          await send(ask());
          await stop();
          expect(collector.deliveries).toEqual([]);
          expect(elsewhere.deliveries.length).toBeGreaterThan(0);
          for (const { path, headers } of elsewhere.deliveries) {
            expect([path, headers['content-type'], headers['content-encoding'], headers['api-key'], headers['x-tenant']]).toEqual([
              '/own/path?tenant=1',
              'application/json',
              'gzip',
              'a,b',
              '9',
            ]);
          }
          expect(elsewhere.spans[0]?.resource).toMatchObject({
            'service.name': 'bills',
            'deployment.environment.name': 'a b',
            'service.instance.id': 'mine',
          });
        },
        {
          environment: {
            OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${elsewhere.url}/own/path?tenant=1`,
            OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
            OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
            OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%2Cb,x-tenant=8',
            OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-tenant=9',
            OTEL_SERVICE_NAME: 'bills',
            OTEL_RESOURCE_ATTRIBUTES: 'service.name=not-this,deployment.environment.name=a%20b,service.instance.id=mine',
          },
        },
      );
    } finally {
      await elsewhere.close();
    }
  });

  it('goes to the path for traces below the base address', async () => {
    await withTraces(async ({ send, stop, collector }) => {
      await send(ask());
      await stop();
      expect(new Set(collector.deliveries.map(({ path, headers }) => `${path} ${String(headers['content-type'])}`))).toEqual(
        new Set(['/v1/traces application/x-protobuf']),
      );
    });
  });

  it('that fails costs no answer, makes one line without a secret, and one more when it is over', async () => {
    await withTraces(
      async ({ send, gateway, collector }) => {
        collector.answerWith(401);
        for (let i = 0; i < 5; i++) {
          expect((await send(ask())).status).toBe(200);
          const seen = collector.deliveries.length;
          await collector.waitFor(() => collector.deliveries.length > seen);
        }
        collector.answerWith(200);
        await send(ask());
        await gateway.waitFor(/traces are delivered again/);
        expect(aboutTraces(gateway.stdout()).map(({ level, reason, msg }) => [level, reason, msg])).toEqual([
          [40, 'status 401', 'traces cannot be delivered: those that find no room to wait are lost'],
          [30, undefined, 'traces are delivered again'],
        ]);
        expect(gateway.stdout() + gateway.stderr()).not.toMatch(/s3cret-of-the-collector|api-key/);
      },
      { environment: { OTEL_BSP_SCHEDULE_DELAY: '10', OTEL_EXPORTER_OTLP_HEADERS: 'api-key=s3cret-of-the-collector' } },
    );
  });

  it('that finds nobody costs no answer, and does not hold up the stop', async () => {
    await withTraces(
      async ({ send, stop, gateway, collector }) => {
        await collector.close();
        for (let i = 0; i < 5; i++) expect((await send(ask())).status).toBe(200);
        await stop();
        expect(aboutTraces(gateway.stdout()).map(({ level, reason }) => [level, reason])).toEqual([
          [40, expect.stringMatching(/^(?:ECONNREFUSED|no answer before the stop)$/)],
        ]);
        expect(gateway.stdout()).not.toContain(collector.url.replace('http://', ''));
      },
      { environment: { OTEL_BSP_SCHEDULE_DELAY: '10' } },
    );
  });

  it('is refused at the start, with all that is wrong, where the settings cannot be used', async () => {
    const gateway = spawnGateway({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4317',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_HEADERS: 'sesame',
      OTEL_TRACES_SAMPLER_ARG: '2',
      OTEL_TRACES_SAMPLER: 'traceidratio',
    });
    expect(await gateway.exited).toBe(1);
    for (const name of ['OTEL_EXPORTER_OTLP_PROTOCOL is "grpc"', 'OTEL_EXPORTER_OTLP_HEADERS must be', 'OTEL_TRACES_SAMPLER_ARG must be'])
      expect(gateway.stderr()).toContain(name);
    expect(gateway.stderr()).not.toContain('sesame');
  });
});
