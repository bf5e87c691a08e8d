// Each run of the tests tries the properties with the same values, so that a change fails for its own faults alone, and each
// time. PROPERTY_SEED=random looks for new faults; PROPERTY_SEED=<number>, with the seed that fast-check has printed, repeats.
const { configureGlobal } = require('fast-check');

const { PROPERTY_SEED = '20261127' } = process.env;
if (PROPERTY_SEED !== 'random') {
  const seed = Number(PROPERTY_SEED);
  if (!Number.isInteger(seed)) throw new Error(`PROPERTY_SEED must be a whole number or "random", not "${PROPERTY_SEED}".`);
  configureGlobal({ seed });
}
