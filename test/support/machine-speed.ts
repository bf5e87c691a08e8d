/** CPU time of the work below on the machine for which the limits of the tests were set, in milliseconds. */
const REFERENCE_MS = 9;

/** Parses, hashes and writes a few hundred KiB, as a request makes a gateway do. */
function work(): number {
  const started = process.cpuUsage();
  for (let round = 0; round < 4; round++) {
    const texts = Array.from({ length: 5000 }, (_, i) => `text number ${i * 7919}`);
    const parsed = JSON.parse(JSON.stringify({ texts, numbers: texts.map((text) => text.length / 3) })) as { texts: string[] };
    if (new Set(parsed.texts).size !== texts.length) throw new Error('JSON does not keep texts');
  }
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1000;
}

/**
 * How many times slower than the reference this machine is just now, at least 1: a limit on CPU time holds on a slower machine, or on one
 * whose caches others use too, when it is multiplied by this.
 */
export function slownessOfMachine(): number {
  let leastMs = Infinity;
  for (let round = 0; round < 15; round++) leastMs = Math.min(leastMs, work());
  return Math.max(1, leastMs / REFERENCE_MS);
}
