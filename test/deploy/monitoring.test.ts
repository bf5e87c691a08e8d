import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, cpSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { createWorkerMetrics } from '../../src/telemetry/metrics/worker-metrics';
import type { CacheLayer } from '../../src/telemetry/observers/cache-observer';
import type { AnswerPath, OperationOutcome } from '../../src/telemetry/observers/operation-observer';
import { until } from '../support/cache-fixtures';
import { parsePromql, type MetricNeed } from '../support/promql';
import { startRedis } from '../support/redis-server';
import { parseScrape, type Scrape } from '../support/scrape';
import { byContract, withScript } from '../support/scripted-gateway';

const run = promisify(execFile);
const deploy = join(__dirname, '../../deploy');
const read = (file: string): string => readFileSync(join(deploy, file), 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}
interface Panel {
  readonly id: number;
  readonly title: string;
  readonly description?: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}
interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: { readonly query: string } | string }[] };
}

const rules = (parse(read('prometheus/alerts.yaml')) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(read('grafana/dashboards/billing-gateway.json')) as Dashboard;
const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map((target) => ({ where: title, expr: target.expr.replaceAll('$__rate_interval', '5m'), told: target.legendFormat })),
);
const alerts = rules.map(({ alert, expr, annotations }) => ({
  where: alert,
  expr,
  told: Object.values(annotations).join(' ').replaceAll('$labels.', ''),
}));

/** Labels that Prometheus itself gives to all that it scrapes. */
const OF_PROMETHEUS = ['job', 'instance'];
/** The job's name, which the scrape does not have: that of prometheus.yaml. */
const JOB = 'billing-gateway';

/** What of a query is not in a scrape. */
function missingFrom({ metrics, values }: Scrape, { expr, told }: { readonly expr: string; readonly told: string }): string[] {
  const needs = parsePromql(expr);
  const missing: string[] = [];
  const look = ({ name, labels }: MetricNeed): void => {
    // Made by Prometheus for each target.
    if (name !== 'up' && !metrics.has(name)) missing.push(name);
    for (const [label, wanted] of Object.entries(labels)) {
      const present = label === 'job' ? new Set([JOB]) : values.get(name)?.get(label);
      if (!present && !OF_PROMETHEUS.includes(label)) missing.push(`${name}{${label}}`);
      else missing.push(...wanted.filter((value) => !present?.has(value)).map((value) => `${name}{${label}="${value}"}`));
    }
  };
  needs.metrics.forEach(look);
  const shown = [...told.matchAll(/\{\{\s*(\w+)\s*(?:\}\}|\|)/g)].map((match) => match[1] as string).filter((label) => label !== 'value');
  for (const label of [...needs.groupedBy, ...shown]) {
    if (!OF_PROMETHEUS.includes(label) && !needs.metrics.some(({ name }) => values.get(name)?.has(label)))
      missing.push(`the label ${label}`);
  }
  // A label that the query sums away would stand there empty.
  if (needs.groupedBy.length > 0)
    missing.push(...shown.filter((label) => !needs.groupedBy.includes(label)).map((label) => `${label} after the sum`));
  return missing;
}

describe('The queries of the dashboard and the alerts', () => {
  let scrape: Scrape;

  /** A gateway that everything has happened to. */
  beforeAll(async () => {
    const redis = await startRedis();
    const folder = mkdtempSync(join(tmpdir(), 'audit-'));
    const script = byContract({
      1: { body: { contractNo: '1', dueDate: '2025-07-15', invoiceCollection: [] } },
      2: { body: { contractNo: '2', dueDate: { day: 15 }, invoiceCollection: [] } },
      401: { status: 401 },
      403: { status: 403 },
      429: { status: 429 },
      500: { status: 500 },
      504: { hang: 'before-headers' },
    });
    await withScript(
      script,
      async ({ gateway, upstream }) => {
        const text = async (): Promise<string> => (await fetch(`${gateway.url}/metrics`)).text();
        const ask = (number: string, headers = {}): Promise<unknown> =>
          gateway.query(
            `query Bills { customer(idType: "RUC", id: "80012345") { contract(number: "${number}") { dueDate } } }`,
            {},
            { token: 'secret-token-1', headers },
          );
        for (const number of ['1', '2', '403', '429', '500', '401']) await ask(number, { 'apollographql-client-name': 'web' });
        await ask('504', { 'x-request-timeout-ms': '50' });
        await gateway.query('{ nothing }');
        // Remembered, past its time, and then given all the same.
        await until(async () => {
          await ask('7');
          return /cache_hits_total\{layer="redis"\} [1-9]/.test(await text());
        });
        upstream.setScript(() => ({ status: 500 }));
        await until(async () => {
          await ask('7');
          return /cache_stale_hits_total\{layer="redis"\} [1-9]/.test(await text());
        });
        // A command that gets no answer is a failure; a Redis that is gone is an outage, of which no command is tried.
        redis.freeze();
        await until(async () => {
          await ask('8');
          return /cache_failures_total\{layer="redis"\} [1-9]/.test(await text());
        });
        await redis.kill();
        await until(async () => {
          await ask('8');
          return /cache_unavailable\{use="read"\} 1/.test(await text());
        });
        // What only a primary process has: workers, with WORKERS above 1.
        scrape = parseScrape((await text()) + (await createWorkerMetrics().text([], 1)));
      },
      {
        REDIS_URL: redis.url,
        CACHE_SECRET: 'the secret of these tests: 32 characters and more',
        CACHE_TTL_SECONDS: '1',
        CACHE_STALE_SECONDS: '60',
        AUDIT_LOG: join(folder, 'audit.log'),
        AUDIT_SECRET: 'the secret of these trails: 32 characters and more',
      },
    );
    rmSync(folder, { recursive: true });
    await redis.close();
  });

  it.each(queries)('find what they name in a scrape: panel $where', (query) => {
    expect(missingFrom(scrape, query)).toEqual([]);
  });

  it.each(alerts)('find what they name in a scrape: alert $where', (alert) => {
    expect(missingFrom(scrape, alert)).toEqual([]);
  });

  it('would be found to name a metric, a label or a value that is not there, and to be no PromQL', () => {
    const missing = (expr: string, told = ''): string[] => missingFrom(scrape, { expr, told });
    expect(missing('rate(billing_gateway_operation_total[5m])')).toEqual(['billing_gateway_operation_total']);
    expect(missing('billing_gateway_operations_total{outcomes="ok"}')).toEqual(['billing_gateway_operations_total{outcomes}']);
    expect(missing('billing_gateway_operations_total{outcome=~"ok|good"}')).toEqual(['billing_gateway_operations_total{outcome="good"}']);
    expect(missing('billing_gateway_operations_total{job="gateway"}')).toEqual(['billing_gateway_operations_total{job="gateway"}']);
    expect(missing('sum by (kind) (billing_gateway_operations_total)')).toEqual(['the label kind']);
    expect(missing('sum by (outcome) (billing_gateway_operations_total)', '{{operation}}')).toEqual(['operation after the sum']);
    expect(() => missing('sum by (outcome (billing_gateway_operations_total)')).toThrow('no PromQL');
  });

  it('look at every metric of the gateway that is not about its own process', () => {
    const named = [...queries, ...alerts].flatMap(({ expr }) => parsePromql(expr).metrics.map(({ name }) => name));
    const own = [...scrape.metrics].filter((name) => !/_(nodejs|process)_/.test(name) && !/_sum$/.test(name));
    expect(own.filter((name) => !named.includes(name))).toEqual([]);
  });
});

/** All values of labels that panels explain as `value: meaning`; `merged` is the legend of a query of its own. */
const PATHS: Readonly<Record<AnswerPath, true>> = { compiled: true, 'response-cache': true, export: true, reference: true };
const LAYERS: Readonly<Record<CacheLayer | 'merged', true>> = {
  memory: true,
  redis: true,
  'in-flight': true,
  response: true,
  merged: true,
};
const OUTCOMES: Readonly<Record<OperationOutcome, true>> = { ok: true, partial: true, failed: true, refused: true, aborted: true };

describe('The dashboard', () => {
  it.each([
    ['95th percentile by path', PATHS],
    ['Loads without a call', LAYERS],
    ['By outcome', OUTCOMES],
  ])('explains each value that a label can have, and no other: %s', (title, values) => {
    const explained = dashboard.panels
      .filter((panel) => panel.title === title)
      .flatMap(({ description = '' }) => description.split('; ').filter((part) => part.includes(': ')))
      .flatMap((part) => part.split(': ')[0]!.split(', '));
    expect(explained.sort()).toEqual(Object.keys(values).sort());
  });

  it('has each panel in a place of its own, and asks only variables that it has', () => {
    const { panels, templating } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)}:${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
    const variables = templating.list.map(({ name }) => name);
    const used = [...read('grafana/dashboards/billing-gateway.json').matchAll(/\$\{?(?!__)(\w+)/g)].map((match) => match[1] as string);
    expect([...new Set(used)].sort()).toEqual([...variables].sort());
    expect(readdirSync(join(deploy, 'grafana/dashboards'))).toEqual(['billing-gateway.json']);
  });
});

describe('The alerts', () => {
  const promtool = (...args: string[]): Promise<{ stdout: string }> => run('promtool', args, { cwd: join(deploy, 'prometheus') });

  it('and the configuration of Prometheus are good to promtool', async () => {
    expect((await promtool('check', 'config', 'prometheus.yaml')).stdout).toContain(`SUCCESS: ${rules.length} rules found`);
  });

  it('fire when they should and not otherwise: each has a case of both', async () => {
    expect((await promtool('test', 'rules', 'alerts.test.yaml')).stdout).toContain('SUCCESS');
    const { tests } = parse(read('prometheus/alerts.test.yaml')) as {
      tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
    };
    const cases = tests.flatMap((test) =>
      test.alert_rule_test.map(({ alertname, exp_alerts: expected }) => `${alertname} ${expected.length > 0 ? 'fires' : 'is quiet'}`),
    );
    expect(cases.sort()).toEqual(rules.flatMap(({ alert }) => [`${alert} fires`, `${alert} is quiet`]).sort());
  });

  it('would be found to fire at another value', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'alerts-'));
    cpSync(join(deploy, 'prometheus'), folder, { recursive: true });
    writeFileSync(join(folder, 'alerts.yaml'), read('prometheus/alerts.yaml').replace('> 0.02', '> 0.2'));
    await expect(run('promtool', ['test', 'rules', 'alerts.test.yaml'], { cwd: folder })).rejects.toMatchObject({
      stderr: expect.stringContaining('BillingGatewayErrors'),
    });
    rmSync(folder, { recursive: true });
  });
});
