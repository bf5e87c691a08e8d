import { startGateway } from '../support/gateway';
import { byContract, good, withScript } from '../support/scripted-gateway';

/** Too long to stand in a measured value by chance: a page of metrics is full of digits. */
const CUSTOMER = '71234567890987654321';
const CONTRACT = '90517263840918273645';
const QUERY = `{ customer(idType: "LCN", id: "${CUSTOMER}") { contract(number: "${CONTRACT}") { number } } }`;
const TOLD = new RegExp(`secret-token|${CUSTOMER}|${CONTRACT}`);

const scrape = async (url: string): Promise<string> => (await fetch(`${url}/metrics`)).text();

describe('The metrics', () => {
  it('count attempts at the billing API, misses and hits as they were, and hold nothing that a caller sent', async () => {
    await withScript(
      (request) => good(request),
      async ({ gateway, upstream }) => {
        expect(await scrape(gateway.url)).not.toContain('outcome="ok"');
        for (let i = 0; i < 2; i++) expect((await gateway.query(QUERY, {}, { token: 'secret-token-1' })).errors).toEqual([]);
        const text = await scrape(gateway.url);
        expect(upstream.requests).toHaveLength(1);
        expect(text).toContain('billing_gateway_upstream_attempt_duration_seconds_count{outcome="ok"} 1\n');
        expect(text).toContain('billing_gateway_cache_misses_total{layer="memory"} 1\n');
        expect(text).toContain('billing_gateway_cache_hits_total{layer="memory"} 1\n');
        expect(text).toContain('billing_gateway_upstream_circuit_open 0\n');
        expect(text).not.toMatch(TOLD);
        // The guard sees what it looks for, were it there.
        for (const secret of ['secret-token-1', CUSTOMER, CONTRACT]) expect(`${text}x_total{label="${secret}"} 1\n`).toMatch(TOLD);
      },
      { CACHE_TTL_SECONDS: '30' },
    );
  });

  it('count operations by name, outcome, code and path, and the calls that were made and spared, as they were', async () => {
    const query = (selection: string, name = 'Bills'): string =>
      `query ${name} { customer(idType: "RUC", id: "80012345") { ${selection} } }`;
    const one = 'contract(number: "7") { dueDate }';
    const script = byContract({ 500: { status: 500 }, 404: { status: 404 } });
    await withScript(
      script,
      async ({ gateway, upstream }) => {
        const ask = (text: string, token: string | null = 'secret-token-1'): Promise<unknown> => gateway.query(text, {}, { token });
        await ask(query(`a: ${one} b: ${one}`));
        for (let i = 0; i < 3; i++) await ask(query(one));
        await ask('{ customer(idType: "RUC", id: "80012345") { id } }');
        await ask(query('contract(number: "500") { dueDate }', 'Fails'));
        await ask(query('contract(number: "404") { dueDate }', 'Absent'));
        await ask(query(one), null);
        await ask('{ nothing }');
        await fetch(`${gateway.url}/graphql`, { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } });
        // The call is held back until the second question has joined it.
        upstream.setScript(async (request) => {
          while (!(await scrape(gateway.url)).includes('layer="in-flight"')) await new Promise((resolve) => setTimeout(resolve, 5));
          return good(request);
        });
        await Promise.all(['a', 'b'].map((alias) => ask(query(`${alias}: contract(number: "8") { dueDate }`, 'Together'))));
        const lines = (await scrape(gateway.url)).split('\n');
        const expected = [
          'billing_gateway_operations_total{operation="Bills",outcome="ok"} 4',
          'billing_gateway_operations_total{operation="Bills",outcome="refused"} 1',
          'billing_gateway_operations_total{operation="Fails",outcome="partial"} 1',
          'billing_gateway_operations_total{operation="Absent",outcome="ok"} 1',
          'billing_gateway_operations_total{operation="Together",outcome="ok"} 2',
          'billing_gateway_operations_total{operation="anonymous",outcome="ok"} 1',
          'billing_gateway_operations_total{operation="other",outcome="refused"} 2',
          'billing_gateway_operation_duration_seconds_count{outcome="partial",path="reference"} 1',
          'billing_gateway_operation_duration_seconds_count{outcome="ok",path="compiled"} 1',
          'billing_gateway_operation_duration_seconds_count{outcome="ok",path="response-cache"} 1',
          'billing_gateway_operation_duration_seconds_count{outcome="refused",path="compiled"} 1',
          'billing_gateway_operation_duration_seconds_count{outcome="refused",path="reference"} 2',
          'billing_gateway_operation_errors_total{code="UPSTREAM_UNAVAILABLE"} 1',
          'billing_gateway_operation_errors_total{code="UNAUTHENTICATED"} 1',
          'billing_gateway_operation_errors_total{code="GRAPHQL_VALIDATION_FAILED"} 1',
          'billing_gateway_operation_errors_total{code="BAD_REQUEST"} 1',
          'billing_gateway_questions_merged_total 1',
          'billing_gateway_upstream_calls_total{outcome="ok"} 2',
          'billing_gateway_upstream_calls_total{outcome="not-found"} 1',
          'billing_gateway_upstream_calls_total{outcome="unavailable"} 1',
          'billing_gateway_cache_hits_total{layer="memory"} 2',
          'billing_gateway_cache_hits_total{layer="response"} 1',
          'billing_gateway_cache_hits_total{layer="in-flight"} 1',
        ];
        expect(lines.filter((line) => expected.includes(line)).sort()).toEqual([...expected].sort());
        expect(lines.join('\n')).not.toMatch(/secret-token-1|80012345/);
      },
      { CACHE_TTL_SECONDS: '30', NODE_ENV: 'production' },
    );
  });

  it('tell how answers differ from the contract, and the log tells each difference once', async () => {
    const query = (number: string): string =>
      `{ customer(idType: "LCN", id: "${CUSTOMER}") { contract(number: "${number}") { dueDate } } }`;
    await withScript(
      (request) => good(request, 1, { billingAddress: [], loyaltyTier: CUSTOMER, [CONTRACT]: 1 }),
      async ({ gateway, upstream }) => {
        expect((await gateway.query(query('1'), {}, { token: 'secret-token-1' })).errors).toEqual([]);
        upstream.setScript(() => ({ body: { contractNo: '2', dueDate: [20250715], invoiceCollection: [] } }));
        expect((await gateway.query(query('2'), {}, { token: 'secret-token-1' })).errors).toHaveLength(1);
        const text = await scrape(gateway.url);
        expect(
          text
            .split('\n')
            .filter((line) => /^billing_gateway_contract/.test(line))
            .sort(),
        ).toEqual([
          'billing_gateway_contract_checks_total 2',
          'billing_gateway_contract_drift_total{kind="missing",path="billingAddress"} 1',
          'billing_gateway_contract_drift_total{kind="retyped",path="dueDate"} 1',
          'billing_gateway_contract_drift_total{kind="unknown",path="(unnamed)"} 1',
          'billing_gateway_contract_drift_total{kind="unknown",path="loyaltyTier"} 1',
        ]);
        const told = gateway.logLines.filter((line) => line.includes('differ from its contract'));
        const seen = told.map((line) => JSON.parse(line) as Record<string, unknown>).map(({ level, kind, path }) => [level, kind, path]);
        expect(seen).toEqual([
          [30, 'unknown', undefined],
          [40, 'retyped', 'dueDate'],
          [30, 'missing', 'billingAddress'],
        ]);
        // The API chose that name: it is no part of a line.
        expect(told.join('')).not.toContain('loyaltyTier');
        expect(`${text}${told.join('')}`).not.toMatch(TOLD);
      },
    );
  });

  it('are in the format of Prometheus, with the delay of the event loop', async () => {
    const gateway = await startGateway();
    const response = await fetch(`${gateway.url}/metrics`);
    const text = await response.text();
    await gateway.close();
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(text).toContain('billing_gateway_nodejs_eventloop_lag_seconds');
  });
});
