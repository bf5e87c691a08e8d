import { AdaptiveLimit } from '../../../../src/upstream/resilience/adaptive-limit';

/** A limit that is never more than where it starts. */
const fixed = (start: number): AdaptiveLimit => new AdaptiveLimit({ start, max: start });

/** Plays one window of answers that took `durationMs`, by default with all places taken, from `nowMs` on; returns its end. */
function play(limit: AdaptiveLimit, nowMs: number, durationMs: number, inFlight = limit.current): number {
  for (let i = 1; i <= 10; i++) limit.noteLatency(durationMs, inFlight, nowMs + i * 25);
  return nowMs + 250;
}

/** Plays one window in which so many of twenty answers were 429, to as many tokens as there are. */
function playRefused(limit: AdaptiveLimit, nowMs: number, refused: number, tokens = 3): number {
  for (let i = 1; i <= 20; i++) {
    if (i <= refused) limit.noteRefusal(`token ${i % tokens}`, nowMs + i * 12.5);
    else limit.noteLatency(10, limit.current, nowMs + i * 12.5);
  }
  return nowMs + 250;
}

describe('An adaptive limit', () => {
  it('starts at its most', () => {
    expect(fixed(64).current).toBe(64);
  });

  it('shrinks with each window in which the API refused, down to 1', () => {
    const limit = fixed(64);
    let nowMs = playRefused(limit, 0, 3);
    expect(limit.current).toBe(44);
    for (let i = 0; i < 20; i++) nowMs = playRefused(limit, nowMs, 20);
    expect(limit.current).toBe(1);
  });

  it('does not shrink however often one token or two are refused', () => {
    const limit = fixed(64);
    let nowMs = 0;
    for (let i = 0; i < 10; i++) nowMs = playRefused(limit, nowMs, 20, 2);
    expect(limit.current).toBe(64);
    // The tokens of several windows are not added up.
    for (let i = 0; i < 10; i++) {
      for (let sample = 1; sample <= 10; sample++) limit.noteRefusal(`token ${i}`, nowMs + sample * 25);
      nowMs += 250;
    }
    expect(limit.current).toBe(64);
  });

  it('does not shrink on a few 429 among many answers', () => {
    const limit = fixed(64);
    let nowMs = 0;
    for (let i = 0; i < 10; i++) nowMs = playRefused(limit, nowMs, 1);
    expect(limit.current).toBe(64);
  });

  it('grows back while it is what holds calls up, and not past its most', () => {
    const limit = fixed(64);
    let nowMs = 0;
    nowMs = playRefused(limit, nowMs, 20);
    nowMs = playRefused(limit, nowMs, 20);
    for (let i = 0; i < 5; i++) nowMs = play(limit, nowMs, 10, 10);
    expect(limit.current).toBe(31);
    for (let i = 0; i < 20; i++) nowMs = play(limit, nowMs, 10);
    expect(limit.current).toBe(64);
  });

  it('shrinks while answers get slower with the number of attempts, and finds the number that the API bears', () => {
    const limit = fixed(64);
    // An API that answers in 50 ms up to 8 at once, and shares itself among more.
    const latencyMs = (): number => 50 * Math.max(1, limit.current / 8);
    let nowMs = play(limit, 1000, 50, 4);
    const limits: number[] = [];
    for (let i = 0; i < 200; i++) {
      nowMs = play(limit, nowMs, latencyMs());
      limits.push(limit.current);
    }
    // Twice the usual time and the slack is reached at 24.
    expect(Math.min(...limits.slice(50))).toBeGreaterThanOrEqual(16);
    expect(Math.max(...limits.slice(50))).toBeLessThanOrEqual(30);
  });

  it('does not go on shrinking where fewer attempts make the answers no quicker', () => {
    const limit = fixed(64);
    let nowMs = play(limit, 1000, 20, 4);
    // Larger questions, or a slower API: 200 ms whatever we do.
    for (let i = 0; i < 12; i++) {
      nowMs = play(limit, nowMs, 200);
      expect(limit.current).toBeGreaterThanOrEqual(51);
    }
    expect(limit.current).toBe(64);
  });

  it('lets slow answers be where places are free', () => {
    const limit = fixed(64);
    let nowMs = play(limit, 1000, 20, 4);
    for (let i = 0; i < 5; i++) nowMs = play(limit, nowMs, 2000, 10);
    expect(limit.current).toBe(64);
  });

  describe('that may grow', () => {
    interface Window {
      readonly durationMs: number;
      /** How often each place is used. */
      readonly rounds: number;
      readonly inFlight?: number;
    }

    function playWindow(limit: AdaptiveLimit, nowMs: number, { durationMs, rounds, inFlight = limit.current }: Window): number {
      const answers = limit.current * rounds;
      for (let i = 1; i <= answers; i++) limit.noteLatency(durationMs, inFlight, nowMs + (i / answers) * 250);
      return nowMs + 250;
    }

    it('does so while calls wait and answers stay quick, up to its most', () => {
      const limit = new AdaptiveLimit({ start: 64, max: 128 });
      let nowMs = playWindow(limit, 0, { durationMs: 20, rounds: 4, inFlight: 10 });
      expect(limit.current).toBe(64);
      nowMs = playWindow(limit, nowMs, { durationMs: 24, rounds: 10 });
      expect(limit.current).toBe(70);
      for (let i = 0; i < 20; i++) nowMs = playWindow(limit, nowMs, { durationMs: 24, rounds: 10 });
      expect(limit.current).toBe(128);
    });

    it('does not where no call waits, where answers take longer than before, or where the API is not quick', () => {
      const limit = new AdaptiveLimit({ start: 64, max: 128 });
      let nowMs = playWindow(limit, 0, { durationMs: 20, rounds: 4, inFlight: 10 });
      for (let i = 0; i < 20; i++) nowMs = playWindow(limit, nowMs, { durationMs: 20, rounds: 10, inFlight: 63 });
      for (let i = 0; i < 20; i++) nowMs = playWindow(limit, nowMs, { durationMs: 31, rounds: 8 });
      for (let i = 0; i < 20; i++) nowMs = playWindow(limit, nowMs, { durationMs: 20, rounds: 3 });
      expect(limit.current).toBe(64);
    });

    it('stays where it is while answers are a little slower, and shrinks below its start where they are slow', () => {
      const limit = new AdaptiveLimit({ start: 64, max: 128 });
      let nowMs = 0;
      for (let i = 0; i < 4; i++) nowMs = playWindow(limit, nowMs, { durationMs: 20, rounds: 10 });
      const grown = limit.current;
      expect(grown).toBeGreaterThan(80);
      nowMs = playWindow(limit, nowMs, { durationMs: 40, rounds: 6 });
      expect(limit.current).toBe(grown);
      // More attempts are what makes answers slow here.
      for (let i = 0; i < 20; i++) nowMs = play(limit, nowMs, 20 * limit.current);
      expect(limit.current).toBeLessThan(20);
    });
  });
});
