import { readFileSync } from 'node:fs';
import { REFUSED, type Environment, type Setting } from './kinds/setting';
import { SETTINGS, type Values } from './settings';

/** What the environment said: a value for every row, and all that is wrong with it. A refused setting has its default. */
export interface Reading {
  readonly values: Values;
  readonly problems: string[];
  /** Names of the settings that were refused. */
  readonly refused: ReadonlySet<string>;
}

/** Reads every setting of the table, and never turns garbage into a default without a problem. */
export function readSettings(env: Environment, isProduction: (environment: string) => boolean): Reading {
  const problems: string[] = [];
  const refused = new Set<string>();
  const values: Record<string, unknown> = {};
  let production = false;
  for (const setting of SETTINGS) {
    const before = problems.length;
    const value = readOne(env, setting, { production, problems });
    if (problems.length > before) refused.add(setting.name);
    values[setting.field] = value;
    // The first row, on which defaults of the others depend.
    if (setting.name === 'NODE_ENV') production = isProduction(String(value));
  }
  return { values: values as unknown as Values, problems, refused };
}

function readOne(env: Environment, setting: Setting, { production, problems }: { production: boolean; problems: string[] }): unknown {
  const text = setting.secret
    ? readSecret(env, setting.name, problems)
    : (toText(env[setting.name]) ?? (setting.alsoLowerCase ? toText(env[setting.name.toLowerCase()]) : undefined));
  if (text !== undefined) {
    const value = setting.kind.parse(text);
    if (value !== REFUSED) return value;
    problems.push(toProblem(setting, text));
  }
  const usual = production && setting.inProduction !== undefined ? setting.inProduction : setting.default;
  return usual === undefined || usual === null ? setting.kind.absent : setting.kind.parse(usual);
}

function toProblem({ name, kind, secret }: Setting, text: string): string {
  if (secret || kind.unquoted) return `${name} must be ${kind.form}${secret ? '' : (kind.explain?.(text) ?? '')}.`;
  return `${name} must be ${kind.form}${kind.explain?.(text) ?? `, not "${text}"`}.`;
}

/** A secret may stand in the environment, or in a file that NAME_FILE names, as container platforms mount them. */
export function readSecret(env: Environment, name: string, problems: string[]): string | undefined {
  const [own, path] = [toText(env[name]), toText(env[`${name}_FILE`])];
  if (path === undefined) return own;
  if (own !== undefined) {
    problems.push(`${name} and ${name}_FILE are both set: set one of them.`);
    return undefined;
  }
  try {
    const text = toText(readFileSync(path, 'utf8'));
    if (text === undefined) problems.push(`${name}_FILE must be the path of a file with the secret in it; the file is empty.`);
    return text;
  } catch (error) {
    problems.push(`${name}_FILE must be the path of a file that can be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
    return undefined;
  }
}

/** The text of a setting; undefined where it is absent or empty, as a shell and an env file mean it. */
function toText(value: string | undefined): string | undefined {
  const text = value?.trim();
  return text === '' ? undefined : text;
}
