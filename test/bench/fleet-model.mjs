// A fleet of gateways with a shared cache, as a discrete simulation without sockets and without waiting: who asks what
// when, what the cache holds, and what of it reaches the billing API. The rules are those of docs/caching.md.

/** What is simulated where nothing else is said. Times are in seconds. */
export const DEFAULTS = {
  processes: 100,
  requestsPerSecond: 2000,
  callers: 20_000,
  contractsPerCaller: 8,
  /** Of Zipf's law: how much more often the first of a list is asked for than the others. */
  skew: 1,
  ttlSeconds: 30,
  callSeconds: 0.2,
  seconds: 240,
  seed: 1,
};

/** When the fault begins: every entry of the steady state is there. */
export const FAULT_AT = 90;

/** The faults: for how long which share of the keys is out, and whether what was stored is still there afterwards. */
export const SCENARIOS = [
  { name: 'no fault', shared: true, outSeconds: 0, share: 0, keeps: true },
  { name: 'one Redis, replica takes over after 10 s', shared: true, outSeconds: 10, share: 1, keeps: true },
  { name: 'one Redis, restarted empty after 10 s', shared: true, outSeconds: 10, share: 1, keeps: false },
  { name: 'cluster of 3, replica takes over after 10 s', shared: true, outSeconds: 10, share: 1 / 3, keeps: true },
  { name: 'cluster of 3, no replica, back empty after 60 s', shared: true, outSeconds: 60, share: 1 / 3, keeps: false },
  { name: 'no Redis: a cache in each process', shared: false, outSeconds: 0, share: 0, keeps: true },
];

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Draws ranks from 0 to `count - 1` by Zipf's law. */
function createZipf(count, skew, random) {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) sums[rank] = sum += 1 / (rank + 1) ** skew;
  return () => {
    const wanted = random() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** Runs one scenario. Gives the calls to the billing API by second, and the requests. */
export function simulate(scenario, options = {}) {
  const { processes, requestsPerSecond, callers, contractsPerCaller, skew, ttlSeconds, callSeconds, seconds, seed } = {
    ...DEFAULTS,
    ...options,
  };
  const random = createRandom(seed);
  const nextCaller = createZipf(callers, skew, random);
  const nextContract = createZipf(contractsPerCaller, skew, random);
  /** Until when an entry is fresh, by key; by process and key where there is no shared cache. */
  const entries = new Map();
  /** When a call that is under way ends, by key for those that hold a lock, and by process and key for the others. */
  const calls = new Map();
  const callsBySecond = new Array(seconds).fill(0);
  const outUntil = FAULT_AT + scenario.outSeconds;
  let hasLost = scenario.keeps;
  let requests = 0;
  for (let now = 0; ; requests++) {
    now += -Math.log(1 - random()) / requestsPerSecond;
    if (now >= seconds) break;
    const key = nextCaller() * contractsPerCaller + nextContract();
    const process = Math.floor(random() * processes);
    // A hash: which keys a node has says nothing of how often they are asked for.
    const isOnLostNode = (Math.imul(key + 1, 2654435761) >>> 0) / 4294967296 < scenario.share;
    if (!hasLost && now >= outUntil) {
      for (const stored of entries.keys())
        if ((Math.imul(stored + 1, 2654435761) >>> 0) / 4294967296 < scenario.share) entries.delete(stored);
      hasLost = true;
    }
    const isOut = isOnLostNode && now >= FAULT_AT && now < outUntil;
    const own = (process + 1) * 1e9 + key;
    const stored = scenario.shared ? key : own;
    if (!isOut && (entries.get(stored) ?? 0) > now) continue;
    // Requests for what is being called for join the call: of all processes, or, without the shared cache, of their own.
    const flight = isOut || !scenario.shared ? own : key;
    if ((calls.get(flight) ?? 0) > now) continue;
    calls.set(flight, now + callSeconds);
    callsBySecond[Math.floor(now)]++;
    if (!isOut) entries.set(stored, now + callSeconds + ttlSeconds);
  }
  return { requests, callsBySecond };
}

/** What a scenario costs the billing API, against the same requests without the fault. */
export function measure(scenario, options = {}) {
  const { ttlSeconds, seconds } = { ...DEFAULTS, ...options };
  const { requests, callsBySecond } = simulate(scenario, options);
  const usual = scenario.shared ? simulate(SCENARIOS[0], options).callsBySecond : callsBySecond;
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const usualPerSecond = mean(usual.slice(ttlSeconds * 2));
  const after = callsBySecond.slice(FAULT_AT);
  const isHigh = (value, at) => value > usual[FAULT_AT + at] * 1.1 + 3 * Math.sqrt(usualPerSecond);
  return {
    name: scenario.name,
    hitShare: 1 - usualPerSecond / (requests / seconds),
    callsPerSecond: Math.round(usualPerSecond),
    mostPerSecond: Math.max(...after),
    extraCalls: after.reduce((sum, value, at) => sum + value - usual[FAULT_AT + at], 0),
    highSeconds: after.reduce((last, value, at) => (isHigh(value, at) ? at + 1 : last), 0),
  };
}
