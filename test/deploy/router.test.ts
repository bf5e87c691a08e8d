import { runInThisContext } from 'node:vm';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/config';
import { composeSupergraph } from '../../src/tools/schema/schema-compose';
import { readCompose } from '../support/compose-file';
import { repository } from '../support/documents';

const folder = join(repository, 'deploy/router');
const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
const { subgraphs } = parse(read('supergraph.yaml')) as { subgraphs: Record<string, { routing_url: string }> };
const router = parse(read('router.yaml')) as {
  headers: { all: Propagation; subgraphs: Record<string, Propagation> };
  include_subgraph_errors: { subgraphs: Record<string, { allow_extensions_keys: string[] }> };
  traffic_shaping: { subgraphs: Record<string, { timeout: string }> };
  response_cache: { subgraph: { subgraphs: Record<string, { private_id: string }> } };
  rhai: { scripts: string; main: string };
  supergraph: { listen: string };
};
interface Propagation {
  readonly request: readonly { readonly propagate: { readonly named: string } }[];
}
const namesOf = ({ request }: Propagation): string[] => request.map(({ propagate }) => propagate.named);

// The router itself does not run here: its own names are those of its documentation. Ours can be checked.
describe('The configuration of Apollo Router', () => {
  it('has a supergraph that can be composed, and leads to the billing subgraph', async () => {
    const { supergraphSdl } = await composeSupergraph(join(repository, 'deploy/router/supergraph.yaml'));
    expect(supergraphSdl).toContain(`@join__graph(name: "billing", url: "${subgraphs['billing']!.routing_url}")`);
  });

  it('names the subgraph of the supergraph, and no other', () => {
    for (const named of [
      router.headers.subgraphs,
      router.include_subgraph_errors.subgraphs,
      router.traffic_shaping.subgraphs,
      router.response_cache.subgraph.subgraphs,
    ])
      expect(Object.keys(named)).toEqual(['billing']);
    expect(Object.keys(subgraphs)).toEqual(['billing']);
  });

  it('sends the token to the billing subgraph only, and waits longer than the gateway does', () => {
    expect(namesOf(router.headers.subgraphs['billing']!)).toEqual(['authorization']);
    expect(namesOf(router.headers.all)).not.toContain('authorization');
    const timeoutMs = parseInt(router.traffic_shaping.subgraphs['billing']!.timeout, 10) * 1000;
    expect(timeoutMs).toBeGreaterThan(parseConfig({}).requestDeadlineMs);
  });

  it('keys private responses by what its script sets from the whole token', () => {
    const id = router.response_cache.subgraph.subgraphs['billing']!.private_id;
    expect(read('rhai/main.rhai')).toContain(`request.context["${id}"] = sha256::digest(request.headers["authorization"])`);
  });

  it('is where the Compose file has it: folder, script, port and load balancer', () => {
    const { services } = readCompose({ CACHE_SECRET: '0'.repeat(32), GRAFANA_PASSWORD: 'a' });
    const service = services['router']!;
    expect([router.rhai.scripts, service.volumes]).toEqual(['/etc/router/rhai', ['./router:/etc/router:ro']]);
    expect(service.ports).toEqual([`127.0.0.1:4100:${router.supergraph.listen.split(':')[1] ?? ''}`]);
    expect(services[new URL(subgraphs['billing']!.routing_url).hostname]).toBeDefined();
  });
});

describe('The configuration of Hive Gateway', () => {
  it('sends the token to the billing subgraph only, and traces to all', () => {
    const script = ts.transpileModule(read('gateway.config.ts'), { compilerOptions: { module: ts.ModuleKind.CommonJS } }).outputText;
    const exports = {} as { gatewayConfig: { propagateHeaders: { fromClientToSubgraphs: (call: object) => object } } };
    const load = runInThisContext(`(exports, require) => { ${script} }`) as (exports: object, require: () => object) => void;
    load(exports, () => ({ defineConfig: (config: unknown) => config }));
    const request = { headers: new Headers({ authorization: 'Bearer a', traceparent: '00-1', cookie: 'c' }) };
    const forward = (subgraphName: string): object =>
      exports.gatewayConfig.propagateHeaders.fromClientToSubgraphs({ request, subgraphName });
    expect([forward('billing'), forward('crm')]).toEqual([{ authorization: 'Bearer a', traceparent: '00-1' }, { traceparent: '00-1' }]);
  });
});
