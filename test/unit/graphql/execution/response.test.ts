import { buildSchema, parse, type GraphQLObjectType } from 'graphql';
import { ResultMeter } from '../../../../src/graphql/context/result-meter';
import { CodeCache } from '../../../../src/graphql/execution/code-cache';
import { PreparedOperation } from '../../../../src/graphql/execution/compiled-operation';
import { toResponseBody, type CompiledResult } from '../../../../src/graphql/execution/writing/response';

interface Context {
  readonly results: ResultMeter;
}

const schema = buildSchema(
  'type Query { text: String items: [Item!] broken: Item node: Node } type Node { items: [Item!] node: Item broken: Item } type Item { text: String }',
);
const longText = 'ü'.repeat(50_000);
const unreadable = {
  get text(): string {
    throw new Error('cannot be read');
  },
};
const fields = schema.getQueryType()!.getFields();
fields['text']!.resolve = () => Promise.resolve(longText);
fields['items']!.resolve = () => [{ text: 'ñ' }, { text: 'b' }, { text: null }];
fields['broken']!.resolve = () => unreadable;
fields['node']!.resolve = () => Promise.resolve({});
const fieldsOfNode = (schema.getType('Node') as GraphQLObjectType).getFields();
fieldsOfNode['items']!.resolve = () => [{ text: 'ñ' }, { text: 'b' }, { text: null }];
fieldsOfNode['node']!.resolve = () => Promise.resolve({ text: 'within' });
fieldsOfNode['broken']!.resolve = () => unreadable;

function run(query: string, limits: Partial<ResultMeter['limits']> = {}, taken = 0, isRepeatable = false): Promise<CompiledResult> {
  const document = parse(query);
  const operation = new PreparedOperation<Context>(schema, document, document.definitions[0] as never, {
    isRepeatable: () => isRepeatable,
    onRepeat: () => undefined,
    plans: new Map(),
    code: new CodeCache(),
  });
  const results = new ResultMeter({ maxResults: Infinity, maxAnswerBytes: Infinity, ...limits });
  results.take(taken);
  return operation.run(operation.variant({})!, {}, { results });
}

const toUtf8 = (body: Buffer | string): string => (typeof body === 'string' ? Buffer.from(body, 'latin1') : body).toString();

describe('The body of a response', () => {
  it.each([
    ['short, and so a text', '{ items { text } }', 'string'],
    ['long, and so bytes', '{ text }', 'object'],
  ])('has what the response has beside its data: %s', async (_, query, type) => {
    const result = await run(query);
    expect(typeof result.body).toBe(type);
    const { data } = JSON.parse(toUtf8(result.body)) as { data: unknown };
    expect(toResponseBody(result, { errors: null, extensions: null })).toBe(result.body);
    expect(toResponseBody(result, { errors: [], extensions: null })).toBe(result.body);
    for (const text of ['ascii', 'ñ', '\u0080', '\u007f', '\uffff', '😀']) {
      const errors = [{ message: text }];
      const extensions = { text };
      for (const members of [
        { errors, extensions },
        { errors, extensions: null },
        { errors: null, extensions },
        { errors: [], extensions },
      ])
        expect(toUtf8(toResponseBody(result, members))).toBe(
          `${JSON.stringify({
            ...(members.errors?.length && { errors: members.errors }),
            data,
            ...(members.extensions && { extensions }),
          })}\n`,
        );
    }
  });
});

describe('A response that is larger than it may be', () => {
  const whole = {
    query: '{ items { text } }',
    objects: 4,
    bytes: Buffer.byteLength('{"data":{"items":[{"text":"ñ"},{"text":"b"},{"text":null}]}}\n'),
  };
  const partly = { query: '{ broken { text } items { text } }', objects: 5, bytes: whole.bytes + '"broken":{"text":null},'.length };

  it.each([
    ['', whole, 0],
    [', in which a value cannot be read', partly, 0],
    [', over several turns', whole, 5000],
    [', in which a value cannot be read, over several turns', partly, 5000],
  ])('is replaced by one error, and only then%s', async (_, { query, objects, bytes }, taken) => {
    const errorsOf = async (limits: Partial<ResultMeter['limits']>): Promise<unknown[]> => {
      const { body, errors } = await run(query, limits, taken);
      const isReplaced = errors.some(({ extensions }) => extensions['code'] === 'RESULT_LIMIT_EXCEEDED');
      expect(String(body) === '{"data":null}\n').toBe(isReplaced);
      return errors.map(({ message, extensions }) => ({ ...extensions, http: undefined, ...(!isReplaced && { message }) }));
    };
    const failures = query === whole.query ? [] : [{ message: 'cannot be read' }];
    expect(await errorsOf({ maxAnswerBytes: bytes })).toEqual(failures);
    expect(await errorsOf({ maxAnswerBytes: bytes - 1 })).toEqual([{ code: 'RESULT_LIMIT_EXCEEDED', bytes, maxAnswerBytes: bytes - 1 }]);
    if (taken > 0) return;
    expect(await errorsOf({ maxResults: objects })).toEqual(failures);
    expect(await errorsOf({ maxResults: objects - 1 })).toEqual([
      { code: 'RESULT_LIMIT_EXCEEDED', results: expect.any(Number), maxResults: objects - 1 },
    ]);
  });
});

describe('A long response', () => {
  it('is written over as many turns of the event loop as it has pieces of 256 KiB', async () => {
    const turnsOf = async (query: string, taken: number): Promise<number> => {
      let turns = 0;
      let isOver = false;
      const count = (): void => {
        turns++;
        if (!isOver) setImmediate(count);
      };
      setImmediate(count);
      await run(query, {}, taken);
      isOver = true;
      return turns;
    };
    const texts = (many: number): string => `{ ${Array.from({ length: many }, (_, index) => `a${index}: text`).join(' ')} }`;
    // Each text has 100 kB.
    expect([
      await turnsOf(texts(6), 0),
      await turnsOf(texts(2), 5000),
      await turnsOf(texts(6), 5000),
      await turnsOf(texts(9), 5000),
    ]).toEqual([0, 1, 3, 4]);
  });
});

describe('Aliases that are executed once', () => {
  const query =
    '{ a: node { items { text } node { text } } b: node { items { text } node { text } } c: node { items { text } node { text } } }';
  // The root, and for each alias: itself, three items and one more.
  const objects = 1 + 3 * 5;

  it.each([
    ['', 0],
    [', over several turns', 5000],
  ])('are all written as the first one%s', async (_, taken) => {
    const { body, errors } = await run(query, {}, taken, true);
    expect(errors).toEqual([]);
    expect(toUtf8(body)).toBe(toUtf8((await run(query, {}, taken, false)).body));
    const one = { items: [{ text: 'ñ' }, { text: 'b' }, { text: null }], node: { text: 'within' } };
    expect(JSON.parse(toUtf8(body))).toEqual({ data: { a: one, b: one, c: one } });
  });

  it.each([
    ['', 0],
    [', over several turns', 5000],
  ])('count as often as they are written%s', async (_, taken) => {
    const bytes = toUtf8((await run(query, {}, taken, true)).body).length + 3;
    const isRefused = async (limits: Partial<ResultMeter['limits']>): Promise<boolean> =>
      (await run(query, limits, taken, true)).errors.some(({ extensions }) => extensions['code'] === 'RESULT_LIMIT_EXCEEDED');
    expect(await isRefused({ maxResults: Math.max(objects, taken), maxAnswerBytes: bytes })).toBe(false);
    expect(await isRefused({ maxAnswerBytes: bytes - 1 })).toBe(true);
    if (taken === 0) expect(await isRefused({ maxResults: objects - 1 })).toBe(true);
  });

  it('are each written with what can be read of them', async () => {
    const { body, errors } = await run('{ a: node { broken { text } } b: node { broken { text } } }', {}, 0, true);
    expect(JSON.parse(toUtf8(body))).toEqual({ data: { a: { broken: { text: null } }, b: { broken: { text: null } } } });
    expect(errors.map(({ path }) => path)).toEqual([
      ['a', 'broken', 'text'],
      ['b', 'broken', 'text'],
    ]);
  });
});
