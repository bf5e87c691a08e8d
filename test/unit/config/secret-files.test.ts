import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigError } from '../../../src/config/config';
import { parseConfig, type Environment } from '../../../src/config/config';
import { SETTINGS } from '../../../src/config/settings';

const folder = mkdtempSync(join(tmpdir(), 'secret-files-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(content: string): string {
  const path = join(folder, 'secret');
  writeFileSync(path, content);
  return path;
}

function problemsOf(env: Environment): readonly string[] {
  try {
    parseConfig(env);
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
}

describe('A secret', () => {
  it('may be in a file, with the line feed that an editor puts at its end', () => {
    const secret = 'hunter2'.repeat(5);
    expect(parseConfig({ CACHE_SECRET_FILE: fileOf(`${secret}\n`) }).cacheSecret).toBe(secret);
    expect(parseConfig({ CACHE_SECRET_FILE: '' }).cacheSecret).toBeNull();
  });

  it('is refused where it is in both places, where the file cannot be read, and where it is empty', () => {
    const secret = 'hunter2'.repeat(5);
    expect(problemsOf({ CACHE_SECRET: secret, CACHE_SECRET_FILE: fileOf(secret) })).toEqual([
      'CACHE_SECRET and CACHE_SECRET_FILE are both set: set one of them.',
    ]);
    expect(problemsOf({ CACHE_SECRET_FILE: join(folder, 'none') })).toEqual([
      'CACHE_SECRET_FILE must be the path of a file that can be read (ENOENT).',
    ]);
    expect(problemsOf({ CACHE_SECRET_FILE: fileOf('\n') })).toEqual([
      'CACHE_SECRET_FILE must be the path of a file with the secret in it; the file is empty.',
    ]);
  });

  it('is quoted in no message, whatever it is and wherever it stands', () => {
    const secrets = SETTINGS.filter((setting) => setting.secret).map(({ name }) => name);
    expect(secrets).toEqual(expect.arrayContaining(['CACHE_SECRET', 'REDIS_URL']));
    for (const name of secrets) {
      for (const env of [{ [name]: 'hunter2' }, { [`${name}_FILE`]: fileOf('hunter2') }]) {
        const problems = problemsOf(env);
        expect([name, problems.join()]).toEqual([name, expect.not.stringContaining('hunter2')]);
      }
    }
  });
});
