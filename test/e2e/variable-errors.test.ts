import { good, withScript } from '../support/scripted-gateway';

const QUERY = 'query($n: [ID!]!) { customer(idType: "RUC", id: "80012345") { contracts(numbers: $n) { number } } }';

/** How many stacks are made into text while something is done: it takes longer than all else about an error. */
async function countStacks(work: () => Promise<unknown>): Promise<number> {
  const errors = Error as { prepareStackTrace: unknown };
  const before = errors.prepareStackTrace;
  let stacks = 0;
  errors.prepareStackTrace = (error: Error, frames: readonly unknown[]) => {
    if (frames.length > 0) stacks++;
    return String(error);
  };
  try {
    await work();
  } finally {
    errors.prepareStackTrace = before;
  }
  return stacks;
}

describe('Variables that are not of their types', () => {
  it('are reported alike by new and by known operations, up to fifty of them, without a stack for each', async () => {
    await withScript(
      (request) => good(request),
      async ({ gateway, upstream }) => {
        const wrong = { n: Array.from({ length: 80 }, () => 1.5) };
        const answers: unknown[] = [];
        const ask = async (): Promise<void> => {
          const { status, data, errors } = await gateway.query(QUERY, wrong);
          answers.push({ status, data, errors });
        };
        expect(await countStacks(ask)).toBeLessThan(20);
        for (let i = 0; i < 3; i++) await gateway.query(QUERY, { n: ['1'] });
        const calls = upstream.requests.length;
        expect(await countStacks(ask)).toBeLessThan(20);
        expect(answers[1]).toEqual(answers[0]);
        expect(answers[0]).toMatchObject({ status: 400, data: undefined });
        const { errors } = answers[0] as { readonly errors: readonly { readonly message: string; readonly extensions: object }[] };
        expect(errors).toHaveLength(51);
        expect(errors[49]).toEqual({
          message: 'Variable "$n" got invalid value 1.5 at "n[49]"; ID cannot represent value: 1.5',
          locations: [{ line: 1, column: 7 }],
          extensions: { code: 'BAD_USER_INPUT' },
        });
        expect(errors[50]).toMatchObject({
          message: expect.stringContaining('more errors than these'),
          extensions: { code: 'BAD_USER_INPUT' },
        });
        expect(upstream.requests).toHaveLength(calls);
      },
    );
  });

  it('are reported once for an object of more members than an input type has, which each error would repeat', async () => {
    const query =
      'query($f: InvoiceFilter) { customer(idType: "RUC", id: "1") { contract(number: "7") { invoices(filter: $f) { totalCount } } } }';
    await withScript(good, async ({ gateway }) => {
      const ask = async (members: number): Promise<number> => {
        const f = Object.fromEntries(Array.from({ length: members }, (_, index) => [`m${index}`, index]));
        const { status, errors } = await gateway.query(query, { f });
        expect([status, errors[0]?.extensions, errors[0]?.message]).toEqual([
          400,
          { code: 'BAD_USER_INPUT' },
          expect.stringContaining('Variable "$f" got invalid value'),
        ]);
        return errors.length;
      };
      expect([await ask(40), await ask(100), await ask(101), await ask(1500)]).toEqual([40, 51, 2, 2]);
    });
  });
});
