import { BillingError, tooManyBytes } from '../../../../src/billing/model/billing-error';

describe('A BillingError', () => {
  it('has the details that it is given, and no others', () => {
    const cause = new Error('for the operator');
    const details = { retryAfterSeconds: 0, reached: 'a-cursor', matches: 0 };
    const full = new BillingError('rate-limited', 'no', { ...details, cause, status: 429 });
    expect([full.failure, full.message, full.status, full.cause]).toEqual(['rate-limited', 'no', 429, cause]);
    expect(full.details).toStrictEqual(details);
    const plain = new BillingError('timeout', 'late');
    expect([plain.status, 'cause' in plain]).toEqual([null, false]);
    expect(plain.details).toStrictEqual({});
  });

  it('records no stack, and leaves the stacks of other errors as they are', () => {
    expect(new BillingError('timeout', 'late').stack).not.toMatch(/\n\s+at /);
    expect(new Error('other').stack).toMatch(/\n\s+at /);
  });

  it('says in MiB how much an operation may hold', () => {
    expect(tooManyBytes(3.5 * 1024 * 1024)).toMatchObject({ failure: 'budget-exceeded', message: expect.stringContaining('the 3 MiB') });
  });
});
