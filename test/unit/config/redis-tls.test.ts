import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, parseConfig, type Environment } from '../../../src/config/config';
import { createAuthority, type CertificateFiles, type TestAuthority } from '../../support/certificates';

describe('The TLS files of Redis', () => {
  let directory: string;
  let authority: TestAuthority;
  let client: CertificateFiles;
  let other: CertificateFiles;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'redis-tls-'));
    authority = createAuthority(directory);
    client = authority.issue('client');
    other = authority.issue('other');
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  function write(name: string, content: string): string {
    const path = join(directory, name);
    writeFileSync(path, content);
    return path;
  }

  /** What is wrong with the settings. */
  function problemsOf(env: Environment): readonly string[] {
    try {
      parseConfig({ REDIS_URL: 'rediss://redis:6380', CACHE_SECRET: 's'.repeat(32), ...env });
      return [];
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
  }

  it('are taken where they belong together', () => {
    const both = { REDIS_TLS_CERT_FILE: client.cert, REDIS_TLS_KEY_FILE: client.key };
    expect(problemsOf({ ...both, REDIS_TLS_CA_FILE: authority.cert })).toEqual([]);
    const chain = write('chain.crt', readFileSync(client.cert, 'utf8') + readFileSync(authority.cert, 'utf8'));
    expect(problemsOf({ ...both, REDIS_TLS_CERT_FILE: chain })).toEqual([]);
  });

  it.each<[string, () => Environment, RegExp]>([
    ['a file that does not exist', () => ({ REDIS_TLS_CA_FILE: join(directory, 'none.crt') }), /^REDIS_TLS_CA_FILE .*none\.crt/],
    ['a directory', () => ({ REDIS_TLS_CA_FILE: directory }), /^REDIS_TLS_CA_FILE /],
    ['an empty file', () => ({ REDIS_TLS_CA_FILE: write('empty', '') }), /^REDIS_TLS_CA_FILE .*no certificate/],
    ['a key in the place of a certificate', () => ({ REDIS_TLS_CA_FILE: client.key }), /^REDIS_TLS_CA_FILE .*no certificate/],
    [
      'a damaged certificate behind a good one',
      () => ({
        REDIS_TLS_CA_FILE: write(
          'cut',
          `${readFileSync(client.cert, 'utf8')}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
        ),
      }),
      /^REDIS_TLS_CA_FILE .*damaged/,
    ],
    [
      'a certificate in the place of a key',
      () => ({ REDIS_TLS_CERT_FILE: client.cert, REDIS_TLS_KEY_FILE: client.cert }),
      /^REDIS_TLS_KEY_FILE .*no private key/,
    ],
    [
      'a key with a passphrase',
      () => {
        const { cert, key } = authority.issue('locked', { passphrase: 'open sesame' });
        return { REDIS_TLS_CERT_FILE: cert, REDIS_TLS_KEY_FILE: key };
      },
      /^REDIS_TLS_KEY_FILE .*without a passphrase/,
    ],
    [
      'the key of another certificate',
      () => ({ REDIS_TLS_CERT_FILE: client.cert, REDIS_TLS_KEY_FILE: other.key }),
      /^REDIS_TLS_KEY_FILE does not hold the key of the certificate in REDIS_TLS_CERT_FILE/,
    ],
    ['a certificate without its key', () => ({ REDIS_TLS_CERT_FILE: client.cert }), /belong together/],
    ['files for a connection without TLS', () => ({ REDIS_URL: 'redis://redis:6379', REDIS_TLS_CA_FILE: authority.cert }), /no effect/],
  ])('are refused at the start, by the name of the setting and without what is in them: %s', (_what, toEnvironment, problem) => {
    const problems = problemsOf(toEnvironment());
    expect(problems).toEqual([expect.stringMatching(problem)]);
    expect(problems.join()).not.toMatch(/BEGIN|AAAA/);
  });
});
