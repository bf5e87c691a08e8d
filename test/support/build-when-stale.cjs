const { execFileSync } = require('node:child_process');
const { existsSync, readdirSync, statSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '../..');

/**
 * Some tests run the built gateway as a process: they must not meet the build of yesterday's source. Jest runs this
 * once, before all tests.
 */
module.exports = function buildWhenStale() {
  // The first and the last file that the build makes: there may have been a compiler alone, or a build that was ended.
  const built = ['dist/main.js', 'dist/graphiql/page.css.gz'].map((file) => join(root, file));
  const sources = readdirSync(join(root, 'src'), { recursive: true }).map((name) => statSync(join(root, 'src', name)).mtimeMs);
  if (built.every((file) => existsSync(file) && Math.max(...sources) <= statSync(file).mtimeMs)) return;
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
};
