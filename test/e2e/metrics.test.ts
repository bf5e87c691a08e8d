import { startGateway } from '../support/gateway';
import { good, withScript } from '../support/scripted-gateway';

const QUERY = '{ customer(idType: "LCN", id: "71234567890") { contract(number: "1001") { number } } }';

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
      expect(text).not.toMatch(/secret-token|71234567890|1001/);
    }, { CACHE_TTL_SECONDS: '30' });
  });

  it('are in the format of Prometheus, with the delay of the event loop', async () => {
    const gateway = await startGateway();
    const response = await fetch(`${gateway.url}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await response.text()).toContain('billing_gateway_nodejs_eventloop_lag_seconds');
    await gateway.close();
  });
});
