const { execFileSync } = require('node:child_process');
const { existsSync, readdirSync, statSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '../..');

/**
 * Builds the gateway unless the build is newer than every source file. The tests need it, since some
 * run the built gateway as a process; the scripts that run a tool out of `dist` call it as a command.
 */
function buildWhenStale() {
  // The first and the last file that the build makes: there may have been a compiler alone, or a build that was ended.
  const built = ['dist/main.js', 'dist/graphiql/page.css.gz'].map((file) => join(root, file));
  const sources = readdirSync(join(root, 'src'), { recursive: true }).map((name) => statSync(join(root, 'src', name)).mtimeMs);
  if (built.every((file) => existsSync(file) && Math.max(...sources) <= statSync(file).mtimeMs)) return;
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
}

module.exports = buildWhenStale;
if (require.main === module) buildWhenStale();
