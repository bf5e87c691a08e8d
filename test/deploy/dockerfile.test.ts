import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { validate } from 'dockerfile-utils';
import { parseConfig } from '../../src/config/config';
import { SETTINGS } from '../../src/config/settings';
import { buildStages, type DockerBuild } from '../support/docker-build';
import { argumentsOf, dockerfile, parseDockerfile, parseExecForm, type DockerStage } from '../support/dockerfile';
import { spawnCommand, type RunningCommand } from '../support/gateway-process';

const run = promisify(execFile);
const stages = parseDockerfile(dockerfile);
const last = stages.at(-1) as DockerStage;
const healthcheck = argumentsOf(last, 'HEALTHCHECK')[0] ?? '';

describe('The Dockerfile', () => {
  it('has nothing that a checker of Dockerfiles finds', () => {
    expect(validate(dockerfile)).toEqual([]);
    expect(validate('FROM node:24-slim\nCMD ["node"\nCMD a\nRUNN b\n')).not.toEqual([]);
  });

  it('runs on Node 24 in each stage, and in the last as a user that is not root and known by number', () => {
    expect(stages.map(({ image }) => image)).toEqual(stages.map(() => 'node:24-slim'));
    expect(argumentsOf(last, 'USER')).toEqual(['1000:1000']);
  });

  it('starts the gateway itself, so that a stop reaches it', () => {
    expect(parseExecForm(argumentsOf(last, 'CMD')[0] ?? '')).toEqual(['node', 'dist/main.js']);
    expect(argumentsOf(last, 'STOPSIGNAL')).toEqual(['SIGTERM']);
  });

  it('sets names that the gateway knows, and exposes the port that it listens on with them', () => {
    const env = Object.fromEntries(argumentsOf(last, 'ENV').map((pair) => pair.split('=') as [string, string]));
    expect(Object.keys(env).filter((name) => !SETTINGS.some((setting) => setting.name === name))).toEqual([]);
    const config = parseConfig({ ...env, BILLING_API_URL: 'http://billing' });
    expect([config.production, config.host, String(config.port)]).toEqual([true, '0.0.0.0', argumentsOf(last, 'EXPOSE')[0]]);
  });
});

describe('What the Dockerfile makes', () => {
  let build: DockerBuild;
  const running: RunningCommand[] = [];
  beforeAll(async () => {
    build = await buildStages(stages);
  }, 600_000);
  afterEach(async () => {
    for (const each of running.splice(0)) await each.kill();
  });
  afterAll(() => build.remove());

  const start = (command: readonly string[], env: Record<string, string>): RunningCommand => {
    const started = spawnCommand(command[0] as string, command.slice(1), {
      cwd: build.directory,
      env: { PATH: process.env['PATH'], ...build.env, ...env },
    });
    running.push(started);
    return started;
  };
  const gateway = parseExecForm(argumentsOf(last, 'CMD')[0] ?? '');

  it('serves with the packages of production alone, and is healthy until it is told to stop', async () => {
    const api = start(['node', 'dist/tools/billing-api.js'], { BILLING_API_PORT: '0' });
    const [, apiUrl] = await api.waitFor(/listens on (\S+)/);
    const [, token] = await api.waitFor(/Authorization: Bearer ([\w.-]+)/);
    const served = start(gateway, { PORT: '0', DRAIN_DELAY_MS: '0', BILLING_API_URL: apiUrl as string });
    const [, url] = await served.waitFor(/"url":"(http:[^"]+)\/graphql"/);
    const { hostname, port } = new URL(url as string);
    expect(hostname).toBe('0.0.0.0');
    const answer = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token as string}` },
      body: JSON.stringify({ query: '{ customer(idType: "RUC", id: "80012345") { contract(number: "700100") { dueDate } } }' }),
    });
    expect(await answer.json()).toMatchObject({ data: { customer: { contract: { dueDate: '2025-07-15' } } } });
    const [command, ...args] = parseExecForm(healthcheck);
    const check = (): Promise<unknown> => run(command as string, args, { env: { PATH: process.env['PATH'], PORT: port } });
    await check();
    served.child.kill('SIGTERM');
    expect(await served.exited).toBe(0);
    await expect(check()).rejects.toMatchObject({ code: 1 });
  });

  it('refuses to start without a billing API, and says what to set', async () => {
    const refused = start(gateway, {});
    expect(await refused.exited).toBe(1);
    expect(refused.stderr()).toContain('BILLING_API_URL is missing');
  });

  it('leaves out what only developers need', async () => {
    await expect(run('node', ['-e', 'require("typescript")'], { cwd: build.directory })).rejects.toMatchObject({ code: 1 });
  });
});
