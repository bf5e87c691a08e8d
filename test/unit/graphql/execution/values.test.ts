import { buildSchema, execute, parse, type GraphQLObjectType, type GraphQLUnionType } from 'graphql';
import { inspect } from 'node:util';
import { countObjects, ResultMeter } from '../../../../src/graphql/context/result-meter';
import { CodeCache } from '../../../../src/graphql/execution/code-cache';
import { PreparedOperation } from '../../../../src/graphql/execution/compiled-operation';
import { Fallback } from '../../../../src/graphql/execution/fallback';
import { CarefulWriter } from '../../../../src/graphql/execution/writing/careful-writer';
import { BigIntScalar } from '../../../../src/graphql/schema/scalars/big-int';

/** A type, what is selected of it, what is tried, and whether the compiled execution has to cover a value. */
interface Tried {
  readonly type: string;
  readonly selection: string;
  readonly covers: (value: unknown) => boolean;
  readonly values: readonly unknown[];
}

const item = { __typename: 'Item', name: 'one', count: 3, tags: ['a', 'b'], item: { name: 'inner' } };
const liveItem = { ...item, __typename: 'LiveItem' };
const pen = { __typename: 'Pen', name: 'a pen', ink: true, tags: null };
const broken = {
  ...item,
  get name(): string {
    throw new Error('a name that cannot be read');
  },
};

/** Values of no type, or of another than the one that is tried. */
const ODD: readonly unknown[] = [undefined, null, () => 'called', 'text', 7, item, [], ['a', null]];
const ERROR = new Error('a value that is an error');
const TEXTS: readonly unknown[] = [
  ERROR,
  '',
  ' ~',
  '12',
  'ñ',
  '\u001f',
  '\u007f',
  '\u2028',
  'a"b',
  'a\\b',
  '\ud800',
  'x'.repeat(300),
  'ü'.repeat(300),
];
const NUMBERS: readonly unknown[] = [
  ...[ERROR, true, false, 0, -0, -1, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 1.5, NaN],
  ...[2 ** 53, -(2 ** 53), 2 ** 53 + 2, -(2 ** 53) - 2, 1e21, 5n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n), -(2n ** 60n)],
];
const OBJECTS: readonly unknown[] = [
  ...[liveItem, pen, broken, { ...item, name: 7 }, { ...item, __typename: 'Unknown' }, { ...item, tags: 'none' }],
  ...[
    { ...item, item: null },
    { ...item, item: broken },
    { ...item, item: 'inner' },
  ],
];
const LISTS: readonly unknown[] = [
  ...[[null], [undefined], [1, 2, 3], [1, '2'], [true, 5n], ERROR, [ERROR, 'a'], new Set(['a']), [() => 1]],
  ...[
    [item, pen, item],
    [item, null, liveItem],
    [broken, item],
    [item, 'text'],
    [[1], [], [null], null],
    [[1], ['a'], 7],
  ],
];

const isOfType = (value: unknown, ...names: string[]): boolean =>
  names.includes((value as { __typename?: string } | null)?.__typename ?? '');
const isInt = (value: unknown): boolean => Number.isInteger(value) && Math.abs(value as number) < 2 ** 31;
const leaf = (type: string, values: readonly unknown[], covers: Tried['covers']): Tried => ({
  type,
  selection: '',
  values: [...ODD, ...values],
  covers,
});
const object = (type: string, selection: string, ...names: string[]): Tried => ({
  type,
  selection,
  values: [...ODD, ...OBJECTS],
  covers: (value) => isOfType(value, ...names) && !OBJECTS.slice(2).includes(value),
});

const INT = leaf('Int', NUMBERS, (value) => isInt(value));
const NAMED: readonly Tried[] = [
  INT,
  leaf('String', TEXTS, (value) => typeof value === 'string'),
  leaf('ID', TEXTS, (value) => typeof value === 'string'),
  leaf('Boolean', NUMBERS, (value) => typeof value === 'boolean'),
  leaf('BigInt', NUMBERS, (value) => Number.isInteger(value) || typeof value === 'bigint'),
  object('Item', '{ name typename: __typename tags count }', 'Item', 'LiveItem', 'Pen'),
  object('Loose', '{ count }', 'Item', 'LiveItem', 'Pen'),
  object('LiveItem', '{ name late typename: __typename }', 'Item', 'LiveItem', 'Pen'),
  object('Any', '{ ... on Item { name item { name } } ... on Pen { ink } }', 'Item', 'Pen'),
  object('LiveAny', '{ ... on Item { name } ... on LiveItem { late } }', 'Item', 'LiveItem'),
];

/** Whether a value is null where it may be, or is to become null: a value that fails costs itself. */
const isNulled = (value: unknown): boolean => [null, undefined, ERROR, broken].includes(value as null);
const nonNull = (tried: Tried): Tried => ({ ...tried, type: `${tried.type}!` });
const nullable = (tried: Tried): Tried => ({
  ...tried,
  covers: (value) => isNulled(value) || tried.covers(value),
});
const listOf = (tried: Tried): Tried => ({
  ...tried,
  type: `[${tried.type}]`,
  values: [...ODD, ...LISTS],
  covers: (value) => Array.isArray(value) && value.every((each) => each === ERROR || tried.covers(each)),
});

const TRIED: readonly Tried[] = NAMED.flatMap((each) => [
  nullable(each),
  nonNull(each),
  nullable(listOf(nullable(each))),
  nullable(listOf(nonNull(each))),
]).concat(nullable(listOf(nullable(listOf(nullable(INT))))));

const name = (index: number): string => `f${index}`;
const fields = TRIED.map(({ type }, index) => `${name(index)}: ${type}`).join('\n');
const schema = buildSchema(`
  scalar BigInt
  type Query { ${fields} box: Box boxes: [Box] live: Live lives: [Live!] }
  type Box { ok: String ${fields} }
  type Live { ok: String late: String ${fields} }
  type Item { name: String! count: Int tags: [String] item: Item }
  type Loose { count: Int }
  type LiveItem { name: String late: String }
  type Pen { ink: Boolean! }
  union Any = Item | Pen
  union LiveAny = Item | LiveItem
`);
const objectOf = (type: string): GraphQLObjectType => schema.getType(type) as GraphQLObjectType;
Object.assign(schema.getType('BigInt')!, { serialize: (value: unknown) => BigIntScalar.serialize(value) });
for (const union of ['Any', 'LiveAny'])
  (schema.getType(union) as GraphQLUnionType).resolveType = (value: unknown) => (value as { __typename: string }).__typename;
for (const type of ['Live', 'LiveItem']) objectOf(type).getFields()['late']!.resolve = () => Promise.resolve('late');

interface Context {
  readonly results: ResultMeter;
  /** What each field that is tried has. */
  readonly value: unknown;
}

/** An object of which every field has the value that is tried. */
const toObject = (value: unknown): object => ({ ok: 'ok', ...Object.fromEntries(TRIED.map((_, index) => [name(index), value])) });
const resolvers: Record<string, (value: unknown) => unknown> = {
  box: toObject,
  live: toObject,
  boxes: (value) => [toObject(value), null, toObject(value)],
  lives: (value) => [toObject(value), toObject(value)],
};
for (const field of Object.values(objectOf('Query').getFields()))
  field.resolve = (_source, _args, { value }: Context) => (resolvers[field.name] ?? ((same) => same))(value);

/** Where a value can stand: what a resolver gives, or a property of an object with and without fields that have resolvers. */
const PLACES: Readonly<Record<string, (field: string) => string>> = {
  'of a resolver': (field) => `{ ${field} again: ${field} }`,
  'of an object': (field) => `{ box { before: ok ${field} after: ok } }`,
  'of objects in a list': (field) => `{ boxes { ${field} } }`,
  'beside a resolver': (field) => `{ live { late ${field} __typename after: ok } }`,
  'beside a resolver, in a list': (field) => `{ lives { ${field} late } }`,
};

const code = new CodeCache();

function prepare(query: string): PreparedOperation<Context> {
  const document = parse(query);
  return new PreparedOperation<Context>(schema, document, document.definitions[0] as never, {
    isRepeatable: () => false,
    onRepeat: () => undefined,
    plans: new Map(),
    code,
  });
}

const toText = ({ data, errors }: { readonly data?: unknown; readonly errors?: unknown }): string => JSON.stringify({ data, errors });

/** Called for each object of a response that is written once more, since a value in it cannot be read. */
const writeAgain = jest.spyOn(CarefulWriter.prototype, 'writeObject');

interface Run {
  readonly isLong: boolean;
  readonly maxResults: number;
}

/** The compiled execution's result, or why there is none: it leaves the operation to graphql-js, or there is too much. */
async function run(operation: PreparedOperation<Context>, value: unknown, { isLong, maxResults }: Run): Promise<string> {
  const results = new ResultMeter({ maxResults, maxAnswerBytes: Infinity });
  Object.defineProperty(results, 'isLong', { value: isLong });
  try {
    const { body, errors } = await operation.run(operation.variant({})!, {}, { value, results });
    if (results.error) return 'overflow';
    const text = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
    const { data } = JSON.parse(String(text)) as { data: unknown };
    expect(String(text)).toBe(`${toText({ data })}\n`);
    return toText({ data, ...(errors.length > 0 && { errors }) });
  } catch (error) {
    if (!(error instanceof Fallback)) throw error;
    return 'fallback';
  }
}

// Thousands of errors are made.
const { stackTraceLimit } = Error;
beforeAll(() => (Error.stackTraceLimit = 0));
afterAll(() => (Error.stackTraceLimit = stackTraceLimit));

describe.each(Object.entries(PLACES))('A value %s', (_place, toQuery) => {
  it('is written and counted as graphql-js has it, and costs itself where it cannot be', async () => {
    const wrong: unknown[] = [];
    for (const [index, { type, selection, covers, values }] of TRIED.entries()) {
      const operation = prepare(toQuery(`${name(index)} ${selection}`));
      for (const value of values) {
        const contextValue: Context = { results: new ResultMeter({ maxResults: Infinity, maxAnswerBytes: Infinity }), value };
        const result = await execute({ schema, document: operation.document, contextValue });
        const expected = toText(result);
        // Where an object could be, null may be counted as well.
        const isWhole = covers(value) && !expected.includes('null');
        writeAgain.mockClear();
        const maxResults = isWhole ? countObjects(result.data, Infinity) : Infinity;
        for (const isLong of [false, true]) {
          const actual = await run(operation, value, { isLong, maxResults });
          if (actual !== expected && (covers(value) || actual !== 'fallback'))
            wrong.push({ type, value: inspect(value), expected, actual });
        }
        const again = writeAgain.mock.calls.length;
        if (again > 0 && covers(value) && !result.errors) wrong.push({ type, value: inspect(value), again });
        if (!isWhole) continue;
        const actual = await run(operation, value, { isLong: index % 2 === 0, maxResults: maxResults - 1 });
        if (actual !== 'overflow') wrong.push({ type, value: inspect(value), maxResults, actual });
      }
    }
    expect(wrong).toEqual([]);
  });
});
