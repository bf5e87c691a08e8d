import fc from 'fast-check';
import type { LeafTable, WireTable } from '../../src/upstream/scan/wire-table';

export type Value = string | number | boolean | null | Value[] | { [name: string]: Value };
export type Body = Record<string, Value>;
export type Path = readonly (string | number)[];

/** A valid body. Each of its values is there once, so that none can take another's place unseen. */
export function toBody(table: WireTable, invoices: number): Body {
  const record = (leaves: LeafTable, at: string): Body =>
    Object.fromEntries(
      Object.entries(leaves).map(([name, { wire, type, values }], column): [string, Value] => {
        if (type === 'integer') return [wire, 1000 + column * 100 + at.length * 7 + Number(at.replace(/\D/g, '') || 0)];
        if (type === 'boolean') return [wire, values ? [...values.keys()][0]! : true];
        return [wire, name === 'contractNumber' ? '700100' : `${at}-${name}`];
      }),
    );
  return {
    ...record(table.contract, 'head'),
    [table.lists.billingAddresses]: [0, 1].map((index) => record(table.address, `address${index}`)),
    [table.lists.invoices]: Array.from({ length: invoices }, (_, index) => record(table.invoice, `invoice${index}`)),
  };
}

/** All paths of a body, the body itself left out. */
function pathsOf(value: Value, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, below]) => {
    const at: Path = [...path, Array.isArray(value) ? Number(name) : name];
    return [at, ...pathsOf(below, at)];
  });
}

const other: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom<Value>(null, true, false, 0, -0, 1.5, 1e21, '', 'true', 'CA', '12', '-7', '1e3', ' 5', [], {}, ['x'], { a: 1 }, [[]]),
  fc.integer(),
  fc.string({ maxLength: 8 }),
);

export interface Mutation {
  readonly kind: 'retype' | 'rename' | 'duplicate' | 'nest' | 'cut' | 'move' | 'envelope' | 'list' | 'error';
  readonly at: number;
  readonly value: Value;
  readonly name: string;
}

export const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('retype', 'rename', 'duplicate', 'nest', 'cut', 'move', 'envelope', 'list', 'error'),
  at: fc.nat({ max: 10_000 }),
  value: other,
  name: fc.constantFrom('data', 'result', 'value', 'items', 'Rename', 'bills'),
});

export interface Mutated {
  readonly text: string;
  /** Where the body was changed; empty: as a whole. */
  readonly path: Path;
}

/** JSON text with a member that stands there a second time, which no object can hold. */
function withDuplicate(body: Body, path: Path, value: Value): string {
  const marker = '@@again@@';
  const parent = path.slice(0, -1).reduce<Value>((at, name) => (at as Body)[name]!, body) as Body;
  const changed = JSON.stringify({ ...parent, [marker]: value });
  const name = JSON.stringify(path.at(-1));
  const text = JSON.stringify(replaced(body, path.slice(0, -1), '@@here@@'));
  return (path.length === 1 ? changed : text.replace('"@@here@@"', () => changed)).replace(JSON.stringify(marker), () => name);
}

function replaced(body: Value, path: Path, value: Value): Value {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  if (Array.isArray(body)) return body.map((item, index) => (index === name ? replaced(item, rest, value) : item));
  return { ...(body as Body), [name]: replaced((body as Body)[name]!, rest, value) };
}

export function mutate(body: Body, { kind, at, value, name }: Mutation): Mutated {
  const paths = pathsOf(body).filter((path) => kind !== 'duplicate' || typeof path.at(-1) === 'string');
  const path = paths[at % paths.length]!;
  const parentPath = path.slice(0, -1);
  const key = path.at(-1)!;
  const parent = parentPath.reduce<Value>((each, step) => (each as Body)[step]!, body);
  const old = (parent as Body)[key]!;
  const without = (): Value =>
    Array.isArray(parent)
      ? parent.filter((_, index) => index !== key)
      : Object.fromEntries(Object.entries(parent as Body).filter(([each]) => each !== key));
  const text = (changed: Value): string => JSON.stringify(changed);
  switch (kind) {
    case 'retype':
      return { text: text(replaced(body, path, value)), path };
    case 'rename':
      if (Array.isArray(parent)) return { text: text(replaced(body, path, value)), path };
      return { text: text(replaced(body, parentPath, { ...(without() as Body), [`${key}${name}`]: old })), path };
    case 'duplicate':
      return { text: withDuplicate(body, path, at % 3 === 0 ? old : value), path };
    case 'nest':
      return { text: text(replaced(body, path, at % 2 === 0 ? { [name]: old } : [old])), path };
    case 'cut':
      return { text: text(replaced(body, parentPath, without())), path };
    case 'move':
      return { text: text({ ...(replaced(body, parentPath, without()) as Body), [name]: { [String(key)]: old } }), path };
    case 'envelope':
      return { text: text({ [name]: body }), path: [] };
    case 'list':
      return { text: text([body]), path: [] };
    case 'error':
      return { text: text({ ...body, [at % 2 === 0 ? 'error' : 'fault']: at % 3 === 0 ? value : { code: 'x' } }), path: [] };
  }
}
