import { CircuitBreaker } from '../../../../src/upstream/resilience/circuit-breaker';
import type { Health } from '../../../../src/upstream/resilience/failure-window';

/** Feeds a breaker with samples of tokens and contracts that are told by number. */
function setUp(): {
  breaker: CircuitBreaker;
  states: string[];
  note: (count: number, health: Health, from?: { tokens?: number; contracts?: number; prefix?: string }, nowMs?: number) => void;
} {
  const states: string[] = [];
  const breaker = new CircuitBreaker((state) => states.push(state));
  return {
    breaker,
    states,
    note: (count, health, { tokens = 1, contracts = 1, prefix = '' } = {}, nowMs = 1000) => {
      for (let i = 0; i < count; i++)
        breaker.note({ health, token: `token ${i % tokens}`, contract: () => `contract ${prefix}${i % contracts}`, reason: null }, nowMs);
    },
  };
}

describe('The circuit breaker', () => {
  it.each([
    [9, 0, 'closed'],
    [10, 0, 'open'],
    [10, 9, 'open'],
    [10, 10, 'closed'],
  ])('after %i outages and %i answers is %s', (outages, answers, state) => {
    const { breaker, note } = setUp();
    note(answers, 'ok', { contracts: 3 });
    note(outages, 'outage', { contracts: 3 });
    expect(breaker.state).toBe(state);
  });

  it.each([
    [1, 1, 'closed'],
    [20, 1, 'closed'],
    [1, 20, 'closed'],
    [2, 2, 'closed'],
    [2, 3, 'open'],
  ])('with server errors to %i tokens about %i contracts is %s', (tokens, contracts, state) => {
    const { breaker, note } = setUp();
    note(60, 'error', { tokens, contracts });
    expect(breaker.state).toBe(state);
  });

  it('stays closed on an outage of one contract while others are answered, and opens where nothing else is asked for', () => {
    const { breaker, note } = setUp();
    note(1, 'ok', { prefix: 'other ' });
    note(60, 'outage');
    expect(breaker.state).toBe('closed');
    const alone = setUp();
    alone.note(1, 'ok');
    alone.note(60, 'outage');
    expect(alone.breaker.state).toBe('open');
  });

  it('counts the last 30 seconds', () => {
    const { breaker, note } = setUp();
    note(9, 'outage', {}, 1000);
    note(1, 'outage', {}, 31_000);
    expect(breaker.state).toBe('closed');
    note(8, 'outage', {}, 59_000);
    expect(breaker.state).toBe('closed');
    note(1, 'outage', {}, 59_999);
    expect(breaker.state).toBe('open');
  });

  it('lets one probe through when its pause is over, and closes after it with a clean record', () => {
    const { breaker, states, note } = setUp();
    note(10, 'outage');
    const refusal = breaker.refusal(1000);
    expect(refusal?.details.retryAfterSeconds).toBe(2);
    expect(breaker.refusal(2599)).not.toBeNull();
    expect(breaker.refusal(3000)).toBeNull();
    expect(breaker.begin()).toBe(true);
    expect(breaker.refusal(60_000)?.details.retryAfterSeconds).toBe(1);
    breaker.endProbe(true, 3100, null);
    expect([breaker.refusal(3100), breaker.begin()]).toEqual([null, false]);
    note(9, 'outage', {}, 3200);
    expect(states).toEqual(['open', 'half-open', 'closed']);
  });

  it('pauses twice as long after each failed probe, up to ten seconds, and starts again from two', () => {
    const { breaker, note } = setUp();
    note(10, 'outage', {}, 0);
    let nowMs = 0;
    const pauses: number[] = [];
    for (let i = 0; i < 5; i++) {
      const startMs = nowMs;
      while (breaker.refusal(nowMs)) nowMs += 10;
      pauses.push(nowMs - startMs);
      breaker.begin();
      breaker.endProbe(false, nowMs, null);
    }
    for (const [i, pauseMs] of [2000, 4000, 8000, 10_000, 10_000].entries()) {
      expect(pauses[i]).toBeGreaterThan(pauseMs * 0.8 - 1);
      expect(pauses[i]).toBeLessThan(pauseMs + 11);
    }
    breaker.begin();
    breaker.endProbe(true, nowMs, null);
    note(10, 'outage', {}, nowMs);
    expect(breaker.refusal(nowMs + 2000)).toBeNull();
  });

  it('ignores attempts that end after it has opened', () => {
    const { breaker, note, states } = setUp();
    note(30, 'outage');
    note(30, 'ok');
    expect([breaker.state, states]).toEqual(['open', ['open']]);
  });
});
