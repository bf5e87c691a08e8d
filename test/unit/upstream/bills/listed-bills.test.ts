import type { Bills } from '../../../../src/billing/model/bills';
import { OtherContract } from '../../../../src/upstream/errors/failures';
import { ResponseDecoder, type DecoderOptions } from '../../../../src/upstream/bills/decode-bills';
import { customer } from '../../../support/listed-source';

const invoices = (count: number, contract?: string) =>
  Array.from({ length: count }, (_, index) => ({
    invoiceNumber: `${contract}-${index}`,
    ...(contract && { invoiceContractNo: contract }),
  }));
const contractOf = (contractNo: string | undefined, count: number, others: object = {}) => ({
  ...(contractNo && { contractNo }),
  billingAddress: [],
  invoiceCollection: invoices(count, contractNo),
  ...others,
});

function decode(
  body: unknown,
  {
    limit = 4,
    skip = 0,
    asked = null as string | null,
    ...options
  }: DecoderOptions & { limit?: number; skip?: number; asked?: string | null } = {},
) {
  const request = { customer, contractNumber: asked, window: { offset: skip, limit } };
  return new ResponseDecoder({ mayBeList: true, ...options }).decode(Buffer.from(JSON.stringify(body)), request, skip);
}
const numbersOf = (bills: Bills | null): unknown => bills?.invoices.map(({ number }) => number);
const reasonOf = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    return ((error as Error).cause as Error).message;
  }
  return 'none';
};

describe('A response with several contracts', () => {
  it('has the invoices of all, as many as were asked for, and each contract apart', () => {
    const { content, failure } = decode([contractOf('1', 2), contractOf('2', 2)]);
    expect(numbersOf(content)).toEqual(['1-0', '1-1', '2-0', '2-1']);
    expect(content?.contracts?.map(numbersOf)).toEqual([
      ['1-0', '1-1'],
      ['2-0', '2-1'],
    ]);
    expect(content).toMatchObject({ contractNumber: null, dueDate: null, billingAddresses: null, sentInvoices: 4 });
    expect(failure).toBeNull();
  });

  it('has no list of all invoices where those are more, or not the first ones: the API pages within each contract', () => {
    for (const { content } of [
      decode([contractOf('1', 3), contractOf('2', 2)]),
      decode([contractOf('1', 3), contractOf('2', 3)], { skip: 1 }),
    ])
      expect(reasonOf(() => content?.invoices)).toBe('the body is a window of each of several contracts');
    const one = decode([contractOf('1', 3)], { skip: 1 }).content;
    expect([numbersOf(one), one?.contracts]).toEqual([['1-1', '1-2'], [expect.anything()]]);
  });

  it('has none where a contract is there twice, but may have several without a number', () => {
    expect(reasonOf(() => decode([contractOf('1', 1), contractOf('1', 1)]).content?.invoices)).toBe(
      'the body is a list in which a contract is there twice',
    );
    expect(numbersOf(decode([contractOf(undefined, 1), contractOf(undefined, 1)]).content)).toHaveLength(2);
  });

  it('has none where a list in it cannot be used, and still each contract apart', () => {
    const { content, failure } = decode([contractOf('1', 2), contractOf('2', 0, { invoiceCollection: 'none' })]);
    expect(reasonOf(() => content?.invoices)).not.toBe('none');
    expect(numbersOf(content!.contracts![0]!)).toEqual(['1-0', '1-1']);
    expect((failure!.cause as Error).message).toBe(reasonOf(() => content?.contracts?.[1]?.invoices));
    const addresses = decode([contractOf('1', 1), contractOf('2', 1, { billingAddress: 'none' })]);
    expect([numbersOf(addresses.content), addresses.failure]).toEqual([['1-0', '2-0'], expect.any(Error)]);
  });

  it('is one of contracts also where it has one alone that is in no list', () => {
    const { content } = decode(contractOf('1', 2));
    expect([content?.contracts, numbersOf(content)]).toEqual([[content], ['1-0', '1-1']]);
    expect(decode(contractOf('1', 6)).content?.sentInvoices).toBe(6);
  });

  it('does not show that a contract is unknown, where one of them does not say which it is', () => {
    const unnamed = [contractOf('1', 1), contractOf(undefined, 0)];
    expect(decode([contractOf('1', 1)], { asked: '2', listsAll: true }).content).toBeNull();
    expect(reasonOf(() => decode(unnamed, { asked: '2', listsAll: true }))).toMatch(/does not say which one it is/);
    // Past the end of its invoices, nothing else names a contract.
    const { content } = decode(unnamed, { asked: '2', listsAll: true, skip: 4 });
    expect(content?.invoices).toEqual([]);
    expect(reasonOf(() => content?.billingAddresses)).toMatch(/does not say which one it is/);
  });

  it.each([{ invoiceCollection: invoices(1) }, { dueDate: '2025-07-15' }, { billingAddress: [] }, { contractNo: '1' }])(
    'is a contract by any of its members, whatever else there is: %j',
    (member) => {
      expect(decode({ ...member, extra: 1 }, { asked: '1' }).content).not.toBeNull();
      expect(reasonOf(() => decode({ extra: 1 }, { asked: '1' }))).toBe("the body has none of the contract's members");
    },
  );

  it('has the contract that was asked for, by its number or that of its invoices', () => {
    const unnamed = { invoiceCollection: invoices(1, '2') };
    for (const body of [
      [contractOf('1', 1), contractOf('2', 1)],
      [contractOf('1', 1), unnamed],
      [contractOf('1', 1), contractOf('0002', 1, { invoiceCollection: invoices(1, '2') })],
    ])
      expect(numbersOf(decode(body, { asked: '2' }).content)).toEqual(['2-0']);
    expect(reasonOf(() => decode([contractOf('1', 1), contractOf('2', 1)], { asked: '3' }))).toMatch(/is not there once/);
    expect(reasonOf(() => decode([contractOf('2', 1), contractOf('2', 1)], { asked: '2' }))).toMatch(/is not there once/);
  });

  it('tells which contracts those are that were not asked for', () => {
    const answer = (): unknown => decode({ invoiceCollection: [...invoices(1, '07'), ...invoices(1, '8')] }, { asked: '1' });
    expect(answer).toThrow(OtherContract);
    const names = ((): OtherContract['names'] => {
      try {
        answer();
      } catch (error) {
        return (error as OtherContract).names;
      }
      throw new Error('It was accepted.');
    })();
    expect(['7', '07', '8', '9', '1'].map(names)).toEqual([true, true, true, false, false]);
  });
});

describe('What a deployment says of its invoices', () => {
  const body = { contractNo: '1', invoiceCollection: [{ invoiceStatus: true }, { invoiceStatus: false }, {}, { invoiceStatus: [] }] };
  const read = (meaning?: DecoderOptions['meaning']) => decode(body, { asked: '1', ...(meaning && { meaning }) }).content!.invoices;

  it.each([
    ['paid', ['paid', 'unpaid', null]],
    ['unpaid', ['unpaid', 'paid', null]],
    [null, [null, null, null]],
  ] as const)('gives each a state, where a status of true means %s, and a currency', (statusTrue, states) => {
    const all = read({ statusTrue, currency: 'PYG' });
    expect(all.slice(0, 3).map(({ state, currency }) => [state, currency])).toEqual(states.map((state) => [state, 'PYG']));
    if (statusTrue === null) expect(all[3]?.state).toBeNull();
    else expect(() => all[3]?.state).toThrow('does not follow its contract');
  });

  it('is nothing, where it says nothing', () => {
    const [paid] = read();
    expect([paid?.state, paid?.currency, paid?.origin]).toEqual([null, null, { customer, contractNumber: '1' }]);
  });
});
