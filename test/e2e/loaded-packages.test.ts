import { join } from 'node:path';
import { dependencies } from '../../package.json';
import { spawnGateway } from '../support/gateway-process';
import { loadedBy, TELL_LOADED } from '../support/loaded-packages';

const ADDRESS = { BILLING_API_URL: 'http://127.0.0.1:9' };

/** What a process loads until it is ready. */
async function loadedByStart(env: Record<string, string>): Promise<Readonly<Record<string, number>>> {
  const gateway = spawnGateway({ DRAIN_DELAY_MS: '0', ...env, ...TELL_LOADED });
  try {
    await gateway.ready();
    gateway.child.kill('SIGTERM');
    await gateway.exited;
    return loadedBy(gateway.stderr());
  } finally {
    await gateway.kill();
  }
}

/** What a process loads that ends by itself. */
async function loadedByCommand(env: Record<string, string>, args: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const gateway = spawnGateway({ ...env, ...TELL_LOADED }, args);
  await gateway.exited;
  return loadedBy(gateway.stderr());
}

const direct = (loaded: Readonly<Record<string, number>>): string[] =>
  Object.keys(dependencies)
    .filter((name) => name in loaded)
    .sort();

/** The dependencies that each gateway needs. */
const NEEDED = [
  '@apollo/server',
  '@apollo/utils.keyvaluecache',
  '@fastify/cors',
  '@graphql-tools/utils',
  '@opentelemetry/api',
  'cockatiel',
  'dataloader',
  'fastify',
  'graphql',
  'graphql-scalars',
  'http-cache-semantics',
  'jose',
  'lru-cache',
  'negotiator',
  'pino',
  'prom-client',
  'reflect-metadata',
  'type-graphql',
];

describe('A start loads what its settings need, and nothing else', () => {
  it('with the address of a billing API', async () => {
    const loaded = await loadedByStart(ADDRESS);
    expect(direct(loaded)).toEqual(NEEDED);
    // Fastify loads these by itself for routes with schemas, of which there are none.
    expect(loaded).not.toHaveProperty('@fastify/ajv-compiler');
    expect(loaded).not.toHaveProperty('@fastify/fast-json-stringify-compiler');
  });

  it('with the embedded billing API', async () => {
    const loaded = await loadedByStart({});
    expect(direct(loaded)).toEqual([...NEEDED, 'lossless-json'].sort());
    expect(loaded).not.toHaveProperty('@fastify/ajv-compiler');
    expect(loaded).not.toHaveProperty('@fastify/fast-json-stringify-compiler');
  });

  it('and more where a setting needs more: a dialect file is parsed and validated', async () => {
    const loaded = await loadedByStart({ ...ADDRESS, BILLING_API_DIALECT: join(__dirname, '../support/vendor-dialect.yaml') });
    expect(direct(loaded)).toEqual([...NEEDED, 'ajv', 'yaml'].sort());
  });

  it.each([
    ['to print its settings', {}, ['--help']],
    ['to refuse a setting', { ...ADDRESS, MAX_DEPTH: 'deep' }, []],
  ])('no gateway %s', async (_what, env: Record<string, string>, args: string[]) => {
    const loaded = await loadedByCommand(env, args);
    expect(direct(loaded)).toEqual(['graphql', 'lru-cache', 'pino']);
    // The parser, for the documents of TRUSTED_DOCUMENTS; the library has 130 modules.
    expect(loaded['graphql']).toBeLessThan(20);
  });
});
