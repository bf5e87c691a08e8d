// Required before a program: at its end, tells on standard error how many modules of each package were loaded.
const { writeSync } = require('node:fs');

process.on('exit', () => {
  const counts = {};
  for (const path of Object.keys(require.cache)) {
    const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
    if (name !== undefined) counts[name] = (counts[name] ?? 0) + 1;
  }
  writeSync(2, `loaded: ${JSON.stringify(counts)}\n`);
});
