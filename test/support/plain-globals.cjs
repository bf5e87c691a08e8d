const perfHooks = require('node:perf_hooks');
const vm = require('node:vm');
const { TestEnvironment } = require('jest-environment-node');
require('./compiled-once.cjs');

// Node.js keeps each observer and each monitor of the event loop until it is stopped, and with it all modules of the test file that
// made it. Each gateway makes both for its metrics, for as long as its process lives: here, until its test file ends.
const observers = new Set();
const delayMonitors = new Set();
const { observe } = perfHooks.PerformanceObserver.prototype;
perfHooks.PerformanceObserver.prototype.observe = function (...options) {
  observers.add(this);
  observe.apply(this, options);
};
const { monitorEventLoopDelay } = perfHooks;
perfHooks.monitorEventLoopDelay = (options) => {
  const monitor = monitorEventLoopDelay(options);
  delayMonitors.add(monitor);
  return monitor;
};

/**
 * Jest's environment for Node.js, whose globals are those of an ordinary context. Jest's own are behind a proxy that V8 asks for each
 * `Array`, `Error` or `Buffer`: tests that compute much take a sixth to a third less CPU time without it. Each test file has
 * globals of its own as before; Jest only does not clear what a file has added to them when the file ends.
 */
module.exports = class extends TestEnvironment {
  constructor(config, context) {
    const { createContext } = vm;
    vm.createContext = () => createContext(vm.constants.DONT_CONTEXTIFY);
    try {
      super(config, context);
    } finally {
      vm.createContext = createContext;
    }
  }

  async teardown() {
    for (const observer of observers) observer.disconnect();
    observers.clear();
    for (const monitor of delayMonitors) monitor.disable();
    delayMonitors.clear();
    await super.teardown();
  }
};
