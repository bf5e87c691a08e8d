// Preloaded into a gateway: measures the CPU time that its event loop takes. SIGUSR2 writes what was found since the last signal
// to standard error, as {"turnMs":…,"totalMs":…,"referenceMs":…}: the longest turn, all turns together, and what a fixed amount of
// work takes on this machine. A timer looks every millisecond, so what is measured is a turn, and at most 1 ms of others beside it.
const { openSync, readSync } = require('node:fs');

/** The CPU time of this thread, in milliseconds: threads of V8 and of libuv do not block the event loop. */
function createClock() {
  let file;
  try {
    // Its first number is in nanoseconds (Linux, Documentation/scheduler/sched-stats).
    file = openSync('/proc/thread-self/schedstat');
  } catch {
    return () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    };
  }
  const bytes = Buffer.alloc(64);
  return () => Number.parseInt(bytes.latin1Slice(0, readSync(file, bytes, 0, 64, 0)), 10) / 1e6;
}

const used = createClock();
let start = used();
let last = start;
let turnMs = 0;
function look() {
  const now = used();
  turnMs = Math.max(turnMs, now - last);
  last = now;
}
setInterval(look, 1).unref();

/** What fixed work took the last five times: it is done once per report, since five times would take most of a short test. */
const references = [];
function measureReference() {
  do {
    const from = used();
    for (let i = 0; i < 60; i++) JSON.stringify(JSON.parse(`[${Array.from({ length: 300 }, (_, index) => `{"a":${index}}`).join(',')}]`));
    references.push(used() - from);
  } while (references.length < 5);
  references.splice(0, references.length - 5);
  return references.toSorted((a, b) => a - b)[2];
}

process.on('SIGUSR2', () => {
  look();
  const found = { turnMs, totalMs: last - start };
  const referenceMs = measureReference();
  start = last = used();
  turnMs = 0;
  process.stderr.write(`${JSON.stringify({ ...found, referenceMs })}\n`);
});
