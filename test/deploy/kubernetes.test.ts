import { parseConfig, type Environment } from '../../src/config/config';
import { SETTINGS } from '../../src/config/settings';
import { argumentsOf, dockerfile, parseDockerfile, type DockerStage } from '../support/dockerfile';
import { startGateway } from '../support/gateway';
import { checkManifests, readKustomization, readManifests, type Manifest } from '../support/kubernetes-manifests';

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Container {
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly env: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
  }[];
  readonly envFrom: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
}
interface Pod {
  readonly metadata: { readonly labels: object; readonly annotations: Readonly<Record<string, string>> };
  readonly spec: { readonly terminationGracePeriodSeconds: number; readonly containers: readonly [Container] };
}

const manifests = readManifests();
const of = (kind: string): Manifest => [...manifests.values()].find((each) => each.kind === kind) as Manifest;
const deployment = of('Deployment') as Manifest & { spec: { selector: { matchLabels: object }; template: Pod } };
const pod = deployment.spec.template;
const [container] = pod.spec.containers;
const configMap = of('ConfigMap') as Manifest & { data: Environment };
const image = parseDockerfile(dockerfile).at(-1) as DockerStage;

/** The environment that the container has, with something where a secret is. */
function environment(): Environment {
  const secrets: Environment = { CACHE_SECRET: '0123456789abcdef0123456789abcdef', REDIS_URL: 'redis://cache' };
  const own = container.env.map(({ name, value, valueFrom }) => [name, value ?? secrets[valueFrom?.secretKeyRef.key ?? '']] as const);
  const ofImage = argumentsOf(image, 'ENV').map((pair) => pair.split('=') as [string, string]);
  return Object.fromEntries([...ofImage, ...Object.entries(configMap.data), ...own]);
}

describe('The manifests for Kubernetes', () => {
  it("fit Kubernetes' own types", () => {
    expect(checkManifests([...manifests.values()])).toEqual([]);
    const wrong = structuredClone(deployment) as unknown as { spec: { template: { spec: { containers: Record<string, unknown>[] } } } };
    wrong.spec.template.spec.containers[0]!['livenessProb'] = {};
    expect(checkManifests([wrong as unknown as Manifest])).toEqual([expect.stringContaining('livenessProb')]);
  });

  it('are all in the kustomization, and hold no secret', () => {
    expect([...readKustomization()].sort()).toEqual([...manifests.keys()].sort());
    expect([...manifests.values()].map(({ kind }) => kind)).not.toContain('Secret');
  });

  it('give the gateway settings that it knows and takes, with Redis and without', () => {
    const env = environment();
    expect(Object.keys(env).filter((name) => !SETTINGS.some((setting) => setting.name === name))).toEqual([]);
    expect(Object.values(env)).not.toContain(undefined);
    const config = parseConfig(env);
    expect(config).toMatchObject({
      production: true,
      host: '0.0.0.0',
      port: container.ports[0]?.containerPort,
      redisUrls: ['redis://cache'],
    });
    expect(parseConfig({ ...env, REDIS_URL: undefined }).redisUrls).toEqual([]);
    expect(container.envFrom.map(({ configMapRef }) => configMapRef.name)).toEqual([configMap.metadata.name]);
  });

  it('ask probes and metrics at addresses that the gateway answers', async () => {
    const gateway = await startGateway({ ...environment(), HOST: '127.0.0.1', PORT: '0', DRAIN_DELAY_MS: '0', REDIS_URL: '' });
    const probes = [container.startupProbe, container.readinessProbe, container.livenessProbe].map(({ httpGet }) => httpGet);
    expect(probes.map(({ path }) => path)).toEqual(['/healthz', '/readyz', '/healthz']);
    expect(probes.map(({ port }) => port)).toEqual(probes.map(() => container.ports[0]?.name));
    const { annotations } = pod.metadata;
    for (const path of [...probes.map((probe) => probe.path), annotations['prometheus.io/path'] as string])
      expect([path, (await fetch(gateway.url + path)).status]).toEqual([path, 200]);
    expect(annotations['prometheus.io/port']).toBe(String(container.ports[0]?.containerPort));
    await gateway.close();
  });

  it('let a pod end: longer than it drains, and an operation may take', () => {
    const { drainDelayMs, requestDeadlineMs } = parseConfig(environment());
    expect(pod.spec.terminationGracePeriodSeconds * 1000).toBeGreaterThanOrEqual(drainDelayMs + requestDeadlineMs + 5000);
  });

  it('mean the same pods everywhere', () => {
    const { labels } = pod.metadata;
    const service = of('Service') as Manifest & { spec: { selector: object; ports: { targetPort: string }[] } };
    const budget = of('PodDisruptionBudget') as Manifest & { spec: { selector: { matchLabels: object } } };
    const policy = of('NetworkPolicy') as Manifest & { spec: { podSelector: { matchLabels: object } } };
    const selectors = [
      deployment.spec.selector.matchLabels,
      service.spec.selector,
      budget.spec.selector.matchLabels,
      policy.spec.podSelector.matchLabels,
    ];
    expect(selectors).toEqual(selectors.map(() => labels));
    expect(service.spec.ports[0]?.targetPort).toBe(container.ports[0]?.name);
    const { scaleTargetRef } = (of('HorizontalPodAutoscaler') as Manifest & { spec: { scaleTargetRef: object } }).spec;
    expect(scaleTargetRef).toEqual({ apiVersion: deployment.apiVersion, kind: deployment.kind, name: deployment.metadata.name });
  });
});
