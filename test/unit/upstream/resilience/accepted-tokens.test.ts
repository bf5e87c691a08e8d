import { inspect } from 'node:util';
import { Caller } from '../../../../src/billing/model/caller';
import { AcceptedTokenSet } from '../../../../src/upstream/resilience/accepted-tokens';

const callerOf = (token: string): Caller => Caller.parse(`Bearer ${token}`) as Caller;

describe('The accepted tokens', () => {
  it('are those that were accepted, whichever object stands for their caller, until they are refused', () => {
    const tokens = new AcceptedTokenSet();
    expect(tokens.has(callerOf('a'))).toBe(false);
    expect([tokens.accept(callerOf('a')), tokens.accept(callerOf('a'))]).toEqual([true, false]);
    expect([tokens.has(callerOf('a')), tokens.has(callerOf('b'))]).toEqual([true, false]);
    tokens.refuse(callerOf('a'));
    expect(tokens.has(callerOf('a'))).toBe(false);
  });

  it('are bounded: the one that was accepted least recently is forgotten', () => {
    const tokens = new AcceptedTokenSet(2);
    for (const token of ['a', 'b']) tokens.accept(callerOf(token));
    expect(tokens.accept(callerOf('a'))).toBe(false);
    tokens.has(callerOf('b'));
    tokens.accept(callerOf('c'));
    expect(['a', 'b', 'c'].map((token) => tokens.has(callerOf(token)))).toEqual([true, false, true]);
  });

  it('are not there as texts', () => {
    const tokens = new AcceptedTokenSet();
    tokens.accept(callerOf('the-secret-token'));
    expect(inspect(tokens, { depth: 9, showHidden: true })).not.toContain('the-secret-token');
  });
});
