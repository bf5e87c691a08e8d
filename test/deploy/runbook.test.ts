import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const deploy = join(__dirname, '../../deploy');
const read = (file: string): string => readFileSync(join(deploy, file), 'utf8');
const guide = readFileSync(join(deploy, '../docs/runbook.md'), 'utf8');
const { groups } = parse(read('prometheus/alerts.yaml')) as { groups: { rules: { alert: string; annotations: { runbook: string } }[] }[] };
const alerts = groups.flatMap(({ rules }) => rules);
/** Texts by their headings, such as `### BillingGatewayDown`. */
const sections = new Map(guide.split(/^(?=#{2,3} )/m).map((section) => [section.split('\n', 1)[0] as string, section]));
/** The anchor that a heading gets. */
const toAnchor = (heading: string): string =>
  heading
    .replace(/^#+ /, '')
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-');

describe('The runbook', () => {
  it('has a section for each alert, to which the alert leads, and three things to look at in each', () => {
    expect([...sections.keys()].filter((heading) => heading.startsWith('### BillingGateway'))).toEqual(
      alerts.map(({ alert }) => `### ${alert}`),
    );
    for (const { alert, annotations } of alerts) {
      expect(annotations.runbook).toBe(`docs/runbook.md#${toAnchor(alert)}`);
      expect([alert, sections.get(`### ${alert}`)?.match(/^\d\. /gm)]).toEqual([alert, ['1. ', '2. ', '3. ']]);
    }
  });

  it('names panels of the dashboard that are there', () => {
    const titles = (JSON.parse(read('grafana/dashboards/billing-gateway.json')) as { panels: { title: string }[] }).panels.map(
      ({ title }) => title,
    );
    const panels = [...guide.matchAll(/[Pp]anels? \*([^*]+)\*(?: and \*([^*]+)\*)?/g)].flatMap(([, ...named]) =>
      (named as (string | undefined)[]).filter((name) => name !== undefined),
    );
    expect(panels.length).toBeGreaterThan(20);
    expect(panels.filter((panel) => !titles.includes(panel))).toEqual([]);
  });

  it('quotes lines of the log as the source has them', () => {
    const source = [
      'composition/open-billing-source.ts',
      'composition/open-graphql.ts',
      'telemetry/logs/audit-log.ts',
      'telemetry/logs/upstream-log.ts',
      'workers/worker-pool.ts',
    ]
      .map((file) => readFileSync(join(__dirname, '../../src', file), 'utf8'))
      .join('\n');
    for (const text of [
      'the shared cache cannot be reached',
      'the shared cache takes no entries',
      'the billing API is failing',
      'internal error',
      'the shared cache allows no locks',
      'the billing API sent bytes that belong to no request',
      'a worker has ended: another one takes its place',
      'the audit trail cannot be written',
      'the file of the audit trail was changed by something else than the gateway',
    ]) {
      expect(guide).toContain(text);
      expect(source).toContain(text);
    }
  });
});
