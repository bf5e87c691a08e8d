const buildWhenStale = require('./build-when-stale.cjs');
const installPackages = require('./install-packages.cjs');

/** What Jest does once, before all tests: the packages of the tests, and the built gateway, which some run as a process. */
module.exports = () => {
  installPackages();
  buildWhenStale();
};
