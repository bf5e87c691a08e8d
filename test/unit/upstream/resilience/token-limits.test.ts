import { TokenLimits } from '../../../../src/upstream/resilience/token-limits';

describe('The limits of single tokens', () => {
  it('are there for refused tokens only', () => {
    const limits = new TokenLimits();
    limits.noteAnswer('a', 64);
    expect(limits.of('a')).toBeUndefined();
    limits.noteRefusal('a', 64, 0);
    expect(limits.of('a')?.current).toBe(32);
    expect(limits.of('b')).toBeUndefined();
  });

  it('shrink once for refusals that come together, and down to one', () => {
    const limits = new TokenLimits();
    for (let i = 0; i < 50; i++) limits.noteRefusal('a', 10, i);
    expect(limits.of('a')?.current).toBe(5);
    limits.noteRefusal('a', 10, 250);
    expect(limits.of('a')?.current).toBe(3);
    for (let i = 2; i < 20; i++) limits.noteRefusal('a', 10, i * 250);
    expect(limits.of('a')?.current).toBe(1);
    limits.noteRefusal('b', 1, 0);
    expect(limits.of('b')?.current).toBe(1);
  });

  it('grow by one for as many answers as they allow in flight, and end at the limit of all tokens', () => {
    const limits = new TokenLimits();
    limits.noteRefusal('a', 8, 0);
    for (let i = 0; i < 5; i++) limits.noteAnswer('a', 8);
    expect(limits.of('a')?.current).toBe(5);
    let answers = 5;
    for (; limits.of('a'); answers++) limits.noteAnswer('a', 8);
    expect(answers).toBeGreaterThan(4 + 5 + 6 + 7 - 4);
    expect(answers).toBeLessThan(4 + 5 + 6 + 7 + 4);
  });
});
