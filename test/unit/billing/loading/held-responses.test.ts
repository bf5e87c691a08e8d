import { PageLoader } from '../../../../src/billing/loading/page-loader';
import { BILLS } from '../../../../src/billing/model/bills';
import type { BillingSource, BillsAnswer } from '../../../../src/billing/ports/billing-source';
import { ByteBudget } from '../../../../src/runtime/byte-budget';
import { customer, failureOf, startOperation } from '../../../support/listed-source';

const MIB = 1024 * 1024;
const PAGING = { mode: 'offset', maxQuantity: 1000 } as const;

/** A cache with one response of this size for every question. */
class CachedResponses implements BillingSource {
  reads = 0;
  readonly #bytes: number;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  read(): Promise<BillsAnswer> {
    this.reads++;
    const content = { contractNumber: '1', dueDate: null, billingAddresses: null, invoices: [] };
    return Promise.resolve({ content, bytes: this.#bytes, received: null, freshUntilMs: 0, stale: false });
  }
}

function setUp(bytes: number) {
  const budget = new ByteBudget({ maxBytes: 4 * MIB, maxHolderBytes: 4 * MIB });
  const source = new CachedResponses(bytes);
  const load = async (contract: string, memory = budget.open(), signal = new AbortController().signal) => {
    const operation = startOperation({ memory, signal });
    const page = new PageLoader(BILLS, source, operation, PAGING).load(
      { customer, contractNumber: contract },
      { offset: 0, first: 1, probe: false },
    );
    return (await (await page).head())?.contractNumber;
  };
  return { budget, source, load };
}

describe('Cached responses', () => {
  it('wait until another operation gives back the room that they need, and are read again then', async () => {
    const { budget, source, load } = setUp(3 * MIB);
    const first = budget.open();
    expect(await load('1', first)).toBe('1');
    const second = load('1');
    await new Promise(setImmediate);
    expect([source.reads, budget.heldBytes]).toEqual([2, 3 * MIB]);
    first.close();
    expect([await second, source.reads, budget.heldBytes]).toEqual(['1', 3, 3 * MIB]);
  });

  it('do not wait where they are small', async () => {
    const { budget, load } = setUp(100 * 1024);
    budget.open().add(4 * MIB);
    expect(await load('1')).toBe('1');
  });

  it('wait no longer than the operation may take', async () => {
    const { budget, load } = setUp(3 * MIB);
    budget.open().add(3 * MIB);
    const controller = new AbortController();
    const failure = failureOf(load('1', budget.open(), controller.signal));
    const over = new Error('over');
    controller.abort(over);
    expect(await failure).toBe(over);
  });

  it('fail where they are larger than the operation may hold, however long it would wait', async () => {
    const { load } = setUp(5 * MIB);
    expect(await failureOf(load('1'))).toMatchObject({ failure: 'budget-exceeded' });
  });
});
