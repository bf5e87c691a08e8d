import { startGateway } from '../support/gateway';
import { good, withScript } from '../support/scripted-gateway';

/** Too long to stand in a measured value by chance: a page of metrics is full of digits. */
const CUSTOMER = '71234567890987654321';
const CONTRACT = '90517263840918273645';
const QUERY = `{ customer(idType: "LCN", id: "${CUSTOMER}") { contract(number: "${CONTRACT}") { number } } }`;
const TOLD = new RegExp(`secret-token|${CUSTOMER}|${CONTRACT}`);

const scrape = async (url: string): Promise<string> => (await fetch(`${url}/metrics`)).text();

describe('The metrics', () => {
  it('count attempts at the billing API, misses and hits as they were, and hold nothing that a caller sent', async () => {
    await withScript((request) => good(request), async ({ gateway, upstream }) => {
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
    }, { CACHE_TTL_SECONDS: '30' });
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
