// Preloaded into a gateway: measures the CPU time of turns of its event loop. SIGUSR2 writes the longest one since the last
// signal to standard error, as {"turnMs":…,"referenceMs":…}; the second is what a fixed amount of work takes on this machine.
// A timer looks every 5 ms, so what is measured is a turn, and at most 5 ms of others beside it.
const used = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
let last = used();
let turnMs = 0;
setInterval(() => {
  const now = used();
  turnMs = Math.max(turnMs, now - last);
  last = now;
}, 5).unref();

function measureReference() {
  const times = [1, 2, 3, 4, 5].map(() => {
    const from = used();
    let text = '';
    for (let i = 0; i < 60; i++)
      text = JSON.stringify(JSON.parse(`[${Array.from({ length: 300 }, (_, index) => `{"a":${index}}`).join(',')}]`));
    return text.length > 0 ? used() - from : 0;
  });
  return times.sort((a, b) => a - b)[2];
}

process.on('SIGUSR2', () => {
  const found = turnMs;
  const referenceMs = measureReference();
  last = used();
  turnMs = 0;
  process.stderr.write(`${JSON.stringify({ turnMs: found, referenceMs })}\n`);
});
