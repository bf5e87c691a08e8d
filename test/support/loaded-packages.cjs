// Required before a program: at its end, tells on standard error which of OpenTelemetry's packages were loaded.
const { writeSync } = require('node:fs');

process.on('exit', () => {
  const names = Object.keys(require.cache).map((path) => /node_modules\/(@opentelemetry\/[^/]+)\//.exec(path)?.[1]);
  writeSync(2, `loaded: ${[...new Set(names.filter(Boolean))].sort().join(' ')}\n`);
});
