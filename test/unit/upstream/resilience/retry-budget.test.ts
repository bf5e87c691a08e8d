import { RetryBudget } from '../../../../src/upstream/resilience/retry-budget';

function withdrawAll(budget: RetryBudget, nowMs: number): number {
  let count = 0;
  while (budget.withdraw(nowMs)) count++;
  return count;
}

describe('The retry budget', () => {
  it('holds a hundred retries at the start, and ten more for each second', () => {
    const budget = new RetryBudget();
    expect(withdrawAll(budget, 1000)).toBe(100);
    expect(withdrawAll(budget, 2000)).toBe(10);
    expect(withdrawAll(budget, 3_600_000)).toBe(100);
  });

  it('gains a retry with five calls', () => {
    const budget = new RetryBudget();
    withdrawAll(budget, 0);
    for (let i = 0; i < 50; i++) budget.deposit();
    // Sums of fifths are not exact.
    expect([9, 10]).toContain(withdrawAll(budget, 0));
  });
});
