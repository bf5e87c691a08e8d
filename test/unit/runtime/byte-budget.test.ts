import fc from 'fast-check';
import { ByteBudget, type ByteHolder } from '../../../src/runtime/byte-budget';
import { Cancellation } from '../../../src/runtime/cancellation';

const MIB = 1024 * 1024;
const ASSURED = 256 * 1024;

function createBudget(maxBytes = 16 * MIB, maxHolderBytes = 4 * MIB): ByteBudget {
  return new ByteBudget({ maxBytes, maxHolderBytes });
}

/** A budget of which only what is assured, and what is set aside for the oldest large holder, is left. */
function fill(budget: ByteBudget): ByteHolder[] {
  const holders = Array.from({ length: 4 }, () => budget.open());
  const taken = holders.map((holder) => holder.take(3 * MIB));
  expect(taken).toEqual(['taken', 'taken', 'taken', 'taken']);
  return holders;
}

describe('A budget of bytes', () => {
  it('gives one holder no more than its maximum, and takes back what it had', () => {
    const budget = createBudget();
    const holder = budget.open();
    expect([holder.take(3 * MIB), holder.take(MIB), holder.hasOverflowed]).toEqual(['taken', 'taken', false]);
    expect([holder.take(1), holder.hasOverflowed, holder.isOver]).toEqual(['holder-full', true, false]);
    holder.close();
    expect(budget.heldBytes).toBe(0);
  });

  it('refuses all but the oldest large holder when it is full, and small ones never', () => {
    const budget = createBudget();
    const [oldest, second] = fill(budget) as [ByteHolder, ByteHolder];
    const small = budget.open();
    expect([second.take(1), oldest.take(MIB), small.take(ASSURED), small.take(1)]).toEqual([
      'budget-full',
      'taken',
      'taken',
      'budget-full',
    ]);
    expect(budget.heldBytes).toBeLessThanOrEqual(16 * MIB);
    oldest.close();
    expect([second.take(MIB), small.take(1)]).toEqual(['taken', 'taken']);
  });

  it('tells listeners that there is room again, after somebody was refused', () => {
    const budget = createBudget();
    let told = 0;
    budget.onRoom(() => told++);
    const [first, second, third] = fill(budget) as [ByteHolder, ByteHolder, ByteHolder];
    third.close();
    expect(told).toBe(0);
    expect([budget.open().take(3 * MIB), second.take(MIB)]).toEqual(['taken', 'budget-full']);
    first.close();
    expect(told).toBe(1);
  });

  it('sets aside what is expected, but no more than the holder may have', () => {
    const budget = createBudget();
    const holder = budget.open();
    expect(holder.reserve()).toBe(0);
    holder.expect(3 * MIB);
    expect([holder.reserve(), holder.reserve(), holder.reserve()]).toEqual([3 * MIB, MIB, 0]);
    holder.give(4 * MIB);
    expect(budget.heldBytes).toBe(0);
  });

  it('counts what has landed once, when it is added', () => {
    const budget = createBudget();
    const holder = budget.open();
    holder.take(MIB);
    holder.land(MIB);
    holder.add(MIB);
    expect(budget.heldBytes).toBe(MIB);
    holder.add(MIB);
    expect(budget.heldBytes).toBe(2 * MIB);
  });

  it('lets a holder wait for room, until it has it or its signal ends the wait', async () => {
    const budget = createBudget();
    const [first, second] = fill(budget) as [ByteHolder, ByteHolder];
    const signal = new Cancellation();
    const waiting = second.makeRoom(MIB, signal);
    expect(second.mayAdd(MIB)).toBe(false);
    first.close();
    await waiting;
    expect(second.mayAdd(MIB)).toBe(true);
    second.add(MIB);
    expect(budget.heldBytes).toBe(10 * MIB);

    const late = budget.open();
    expect(late.take(3 * MIB)).toBe('budget-full');
    const ended = late.makeRoom(3 * MIB, signal);
    signal.abort(new Error('over'));
    await expect(ended).rejects.toThrow('over');
  });

  it('never holds more than its maximum and what is assured, and lets every holder come to its end', () => {
    const sizes = fc.array(fc.array(fc.integer({ min: 1, max: 2 * MIB }), { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(sizes, fc.infiniteStream(fc.nat()), (plans, choices) => {
        const budget = createBudget();
        const open = plans.map((plan) => ({ holder: budget.open(), plan: [...plan] }));
        let refusedInARow = 0;
        while (open.length > 0) {
          const index = (choices.next().value as number) % open.length;
          const { holder, plan } = open[index] as (typeof open)[number];
          const next = plan[0];
          const taken = next === undefined ? 'end' : holder.take(next);
          if (taken === 'taken') plan.shift();
          else if (taken !== 'budget-full') {
            holder.close();
            open.splice(index, 1);
          }
          refusedInARow = taken === 'budget-full' ? refusedInARow + 1 : 0;
          expect(budget.heldBytes).toBeLessThanOrEqual(16 * MIB + plans.length * ASSURED);
          // Somebody can always go on: whoever is asked in turn finds that out.
          if (refusedInARow > 200) {
            expect(open.some((each) => each.plan.length === 0 || each.holder.take(each.plan[0] as number) !== 'budget-full')).toBe(true);
            return;
          }
        }
        expect(budget.heldBytes).toBe(0);
      }),
    );
  });
});
