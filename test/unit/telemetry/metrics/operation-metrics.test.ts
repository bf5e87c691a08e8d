import { Registry } from 'prom-client';
import { createOperationMetrics } from '../../../../src/telemetry/metrics/operation-metrics';
import type { OperationObserver, OperationRecord } from '../../../../src/telemetry/observers/operation-observer';

const RECORD: OperationRecord = {
  requestId: 'r',
  traceId: null,
  trace: null,
  operationName: null,
  client: null,
  isAccepted: true,
  operationType: null,
  outcome: 'ok',
  codes: [],
  status: 200,
  durationMs: 1,
  calls: 0,
  merged: 0,
  cached: 0,
  stale: 0,
  path: 'reference',
};

function start(): { registry: Registry; observer: OperationObserver; seriesOf: (metric: string) => Promise<string[]> } {
  const registry = new Registry();
  const observer = createOperationMetrics(registry, { prefix: '', countHit: () => undefined });
  const seriesOf = async (metric: string): Promise<string[]> =>
    (await registry.metrics()).split('\n').filter((line) => line.startsWith(`${metric}{`));
  return { registry, observer, seriesOf };
}

describe('The metrics of operations', () => {
  it('have a bounded number of names, whatever clients call their operations', async () => {
    const { observer, seriesOf } = start();
    for (let i = 0; i < 5000; i++) observer.operationEnded({ ...RECORD, operationName: `Op${i}` });
    const series = await seriesOf('operations_total');
    expect(series).toHaveLength(201);
    expect(series).toContain('operations_total{operation="Op0",outcome="ok"} 1');
    expect(series).toContain('operations_total{operation="other",outcome="ok"} 4800');
  });

  it('give no name a series before an operation of it was executed', async () => {
    const { observer, seriesOf } = start();
    for (let i = 0; i < 300; i++) observer.operationEnded({ ...RECORD, outcome: 'refused', operationName: `Op${i}` });
    observer.operationEnded({ ...RECORD, outcome: 'refused' });
    observer.operationEnded({ ...RECORD, operationName: 'Known' });
    observer.operationEnded({ ...RECORD, outcome: 'refused', operationName: 'Known' });
    observer.operationEnded(RECORD);
    expect((await seriesOf('operations_total')).sort()).toEqual([
      'operations_total{operation="Known",outcome="ok"} 1',
      'operations_total{operation="Known",outcome="refused"} 1',
      'operations_total{operation="anonymous",outcome="ok"} 1',
      'operations_total{operation="other",outcome="refused"} 301',
    ]);
  });

  it('give no name a series before the billing API has accepted a token that it was asked with', async () => {
    const { observer, seriesOf } = start();
    for (let i = 0; i < 300; i++) observer.operationEnded({ ...RECORD, isAccepted: false, operationName: `Junk_${i}` });
    observer.operationEnded({ ...RECORD, isAccepted: false });
    observer.operationEnded({ ...RECORD, operationName: 'Known' });
    observer.operationEnded({ ...RECORD, isAccepted: false, operationName: 'Known' });
    expect((await seriesOf('operations_total')).sort()).toEqual([
      'operations_total{operation="Known",outcome="ok"} 2',
      'operations_total{operation="anonymous",outcome="ok"} 1',
      'operations_total{operation="other",outcome="ok"} 300',
    ]);
  });

  it('count operations by the client that they come from, of which there is a bounded number', async () => {
    const { observer, seriesOf } = start();
    const client = { name: 'web', version: '1.2' };
    for (let i = 0; i < 2; i++) observer.operationEnded({ ...RECORD, client });
    observer.operationEnded({ ...RECORD, client: { name: 'web', version: null } });
    for (let i = 0; i < 50; i++) observer.operationEnded({ ...RECORD, client: { name: `junk${i}`, version: null }, isAccepted: false });
    observer.operationEnded(RECORD);
    expect((await seriesOf('client_operations_total')).sort()).toEqual([
      'client_operations_total{client="other",version=""} 50',
      'client_operations_total{client="web",version=""} 1',
      'client_operations_total{client="web",version="1.2"} 2',
    ]);
    for (let i = 0; i < 500; i++) observer.operationEnded({ ...RECORD, client: { name: `c${i}`, version: null } });
    expect(await seriesOf('client_operations_total')).toHaveLength(101);
  });

  it('count an operation once for each code of its errors, and have a bounded number of codes', async () => {
    const { observer, seriesOf } = start();
    observer.operationEnded({ ...RECORD, outcome: 'partial', codes: ['FORBIDDEN', 'UPSTREAM_TIMEOUT'] });
    expect(await seriesOf('operation_errors_total')).toEqual([
      'operation_errors_total{code="INTERNAL_SERVER_ERROR"} 0',
      'operation_errors_total{code="FORBIDDEN"} 1',
      'operation_errors_total{code="UPSTREAM_TIMEOUT"} 1',
    ]);
    for (let i = 0; i < 100; i++) observer.operationEnded({ ...RECORD, outcome: 'failed', codes: [`CODE_${i}`] });
    expect(await seriesOf('operation_errors_total')).toHaveLength(42);
  });
});
