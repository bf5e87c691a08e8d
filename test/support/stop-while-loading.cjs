// Preloaded into a gateway (node --require): stops it when about half of its files are loaded, or those of a primary.
const Module = require('node:module');

const load = Module._load;
Module._load = function (request, ...others) {
  if (/\/(?:http\/server|worker-pool)$/.test(request)) process.kill(process.pid, 'SIGTERM');
  return load.call(this, request, ...others);
};
