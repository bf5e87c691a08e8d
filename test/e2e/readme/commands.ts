import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { major, minVersion } from 'semver';
import packageJson from '../../../package.json';
import testPackageJson from '../../package.json';
import { spawnCommand, type RunningCommand } from '../../support/gateway-process';

export const root = join(__dirname, '../../..');

/** How a command of the documentation is held to what it promises. Rejects where it does not keep it. */
export type Proof = (command: string) => Promise<void>;

/** Another test runs the command, or what it stands for; that test must be there, and have these words in it. */
function provenBy(file: string, ...words: readonly string[]): Proof {
  return async (command) => {
    const text = existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : '';
    const missing = words.filter((word) => !text.includes(word));
    if (text === '' || missing.length > 0)
      throw new Error(`${file}, which is to prove "${command}", is not there or has no ${missing.join(', ')}.`);
    return Promise.resolve();
  };
}

/** Runs the command in a shell, as a reader would, on a free port, until the gateway is ready; then it has to end on SIGTERM. */
async function startsAGateway(command: string): Promise<void> {
  const running = inShell(command, { PORT: '0', DRAIN_DELAY_MS: '0' });
  try {
    const [, url] = await running.waitFor(/"url":"(http:[^"]+)\/graphql"[^\n]*"msg":"ready"\}\n/);
    const { status } = await fetch(`${(url as string).replace('0.0.0.0', '127.0.0.1')}/healthz`, { headers: { connection: 'close' } });
    if (status !== 200) throw new Error(`"${command}" is ready, but /healthz answers ${status}.`);
    running.child.kill('SIGTERM');
    const code = await running.exited;
    if (code !== 0) throw new Error(`"${command}" ended with ${String(code)}: ${running.stderr()}`);
  } finally {
    await running.kill();
  }
}

async function endsWell(command: string): Promise<void> {
  const running = inShell(command, {});
  const code = await running.exited;
  if (code !== 0) throw new Error(`"${command}" ended with ${String(code)}: ${running.stdout()}${running.stderr()}`);
}

function inShell(command: string, env: Readonly<Record<string, string>>): RunningCommand {
  return spawnCommand('bash', ['-c', `exec ${command.includes('=') ? 'env ' : ''}${command}`], {
    cwd: root,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
  });
}

/** The packages that a reader is told to install are those that the tests use, in the same major version. */
function installsWhatIsTested(command: string): Promise<void> {
  const tested: Readonly<Record<string, string>> = {
    ...testPackageJson.dependencies,
    ...packageJson.dependencies,
    ...packageJson.devDependencies,
  };
  for (const [, name, version] of command.matchAll(/ ((?:@[a-z-]+\/)?[a-z-]+)@(\d+)(?= |$)/g)) {
    const range = tested[name as string];
    if (range === undefined || major(minVersion(range)!) !== Number(version))
      throw new Error(`The tests use ${name as string} ${range ?? 'not at all'}, and not ${version as string}.`);
  }
  return Promise.resolve();
}

const EXPORTS = 'test/e2e/export/documentation.test.ts';

/**
 * Every command that a block of the documentation may hold, and what proves it. One that is not here fails the test; so
 * does one that is no longer needed.
 */
export const COMMANDS: readonly (readonly [command: string | RegExp, proof: Proof])[] = [
  // The build is made by the tests' own set-up, and the installation is the one that they run from.
  ['npm ci && npm run build && npm start', () => startsAGateway('npm start')],
  ['npm ci && npm test', provenBy('.ci/run', 'npm ci && npm test')],
  ['BILLING_API_URL=https://billing.example/v2 NODE_ENV=production npm start', startsAGateway],
  [
    'OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 OTEL_TRACES_SAMPLER=parentbased_traceidratio OTEL_TRACES_SAMPLER_ARG=0.05 npm start',
    startsAGateway,
  ],
  [/^npm install( --save-dev)?( (@[a-z-]+\/)?[a-z-]+@\d+)+$/, installsWhatIsTested],
  ['npm run example:react', provenBy('test/e2e/browser/react-example.test.ts', 'examples/react/start.cjs')],
  [
    'npm run -s contract:probe -- --url https://billing.example/v2 --id-type RUC --id 80012345 --contract 700100',
    provenBy('test/unit/tools/contract-probe.test.ts', 'runs as a command', '--id-type'),
  ],
  ['npm run dev', provenBy('test/unit/house/scripts.test.ts', "describe('The command dev'")],
  ['npm run supergraph', provenBy('test/e2e/supergraph/start.test.ts', "'apollo'")],
  ['npm run supergraph -- --router hive', provenBy('test/e2e/supergraph/start.test.ts', "'hive'")],
  ['npm run schema:compose', (command) => endsWell(command.replace('npm run schema:compose', 'node dist/tools/schema/schema-compose.js'))],
  [
    'npm run schema:compose -- --config deploy/router/supergraph.yaml --out deploy/router/supergraph.graphql',
    provenBy('test/deploy/router.test.ts', 'composeSupergraph', 'deploy/router/supergraph.yaml'),
  ],
  [
    'docker compose -f deploy/compose.yaml --profile router up --build --detach',
    provenBy('test/deploy/router.test.ts', 'readCompose', "'router'"),
  ],
  [
    "npx billing-graphql-gateway cost:check --max 3 --variables cost-variables.json 'src/**/*.graphql'",
    provenBy('test/unit/tools/cost-check.test.ts', "'cost:check'", "'--variables'", "'src/**/*.graphql'"),
  ],
  ['npm run schema:diff -- --base origin/main', provenBy('test/unit/tools/schema/schema-diff.test.ts', "'--base'")],
  // There is neither Docker nor a cluster here: what these commands take is held against the gateway, and the lines of the
  // Dockerfile are run.
  [
    'export CACHE_SECRET=$(openssl rand -hex 32) GRAFANA_PASSWORD=$(openssl rand -hex 12)',
    provenBy('test/deploy/compose.test.ts', 'CACHE_SECRET', 'GRAFANA_PASSWORD'),
  ],
  ['docker compose -f deploy/compose.yaml up --build --detach', provenBy('test/deploy/compose.test.ts', 'checkCompose')],
  [
    'docker run --stop-timeout 30 --read-only --publish 4000:4000 --env BILLING_API_URL=https://billing.example/v2 billing-gateway',
    provenBy('test/deploy/dockerfile.test.ts', 'buildStages', 'BILLING_API_URL'),
  ],
  [
    /^kubectl create secret generic billing-gateway --from-literal=CACHE_SECRET=\S.* --from-literal=REDIS_URL=\S+$/,
    provenBy('test/deploy/kubernetes.test.ts', 'secretKeyRef', 'CACHE_SECRET', 'REDIS_URL'),
  ],
  ['kubectl apply --kustomize deploy/kubernetes', provenBy('test/deploy/kubernetes.test.ts', 'readKustomization')],
  [
    /^(kubectl logs --selector app\.kubernetes\.io\/name=billing-gateway|docker compose -f deploy\/compose\.yaml logs) .*\| grep '"requestId":"THE-ID"'$/,
    provenBy('test/e2e/operation-lines.test.ts', "requestId: 'mine-1'"),
  ],
  // The page about exports: its blocks are run as they are, in a shell.
  [
    /^(curl \S+\/graphql --fail-with-body .*Accept: (text\/csv|application\/jsonl)|(perl|AFTER=|tail) ?.*\.csv)/,
    provenBy(EXPORTS, 'await run(csv)'),
  ],
];

/** What proves a command; undefined where nothing does. */
export function findProof(command: string): Proof | undefined {
  return COMMANDS.find(([known]) => (typeof known === 'string' ? known === command : known.test(command)))?.[1];
}
