const { execFileSync } = require('node:child_process');
const { existsSync, readdirSync, statSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '../..');

/** Some tests run the built gateway as a process: they must not meet the build of yesterday's source. Jest runs this once, before all tests. */
module.exports = function buildWhenStale() {
  const built = join(root, 'dist/main.js');
  const sources = readdirSync(join(root, 'src'), { recursive: true }).map((name) => statSync(join(root, 'src', name)).mtimeMs);
  if (existsSync(built) && Math.max(...sources) <= statSync(built).mtimeMs) return;
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
};
