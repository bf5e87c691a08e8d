const { execFileSync } = require('node:child_process');
const { copyFileSync, existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

/**
 * Installs the packages of test/package.json into test/node_modules, unless those of its lock are there. `npm ci` of the
 * top level does not install them: building and running do not need them, and they are more than half of all. Throws where npm fails.
 */
function installPackages(folder = join(__dirname, '..')) {
  const lock = join(folder, 'package-lock.json');
  // npm empties the folder first, so the copy is there only where an installation from this lock has ended well.
  const installed = join(folder, 'node_modules/.installed-lock.json');
  if (existsSync(installed) && readFileSync(installed).equals(readFileSync(lock))) return;
  console.log('Installing the packages of the tests (test/package.json)');
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit', shell: process.platform === 'win32' });
  copyFileSync(lock, installed);
}

module.exports = installPackages;
if (require.main === module) installPackages();
