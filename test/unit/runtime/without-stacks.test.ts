import { GraphQLError } from 'graphql';
import { BillingError } from '../../../src/billing/model/billing-error';
import { withoutStacks } from '../../../src/runtime/without-stacks';

const framesOf = ({ stack = '' }: Error): number => stack.split('\n').filter((line) => line.startsWith('    at ')).length;

describe('Errors that are made without stacks', () => {
  it('have no frames, and those that are made afterwards have', () => {
    expect(framesOf(withoutStacks(() => new Error('expected')))).toBe(0);
    expect(() => withoutStacks(() => JSON.parse('{') as unknown)).toThrow(SyntaxError);
    expect(framesOf(new Error('ours'))).toBeGreaterThan(0);
  });

  it('are the failures of the domain, with all that they say', () => {
    const cause = new Error('for the operator');
    const failure = new BillingError('unavailable', 'Try again.', { cause, retryAfterSeconds: 2, status: 503 });
    expect([framesOf(failure), failure.message, failure.name, failure.cause]).toEqual([0, 'Try again.', 'BillingError', cause]);
    expect(framesOf(new Error('ours'))).toBeGreaterThan(0);
  });

  it('keep the stack of an error of ours that they tell of', () => {
    const bug = new TypeError('a mistake of ours');
    const located = withoutStacks(() => new GraphQLError(bug.message, { originalError: bug }));
    expect(located.stack).toBe(bug.stack);
    expect(framesOf(located)).toBeGreaterThan(0);
  });
});
