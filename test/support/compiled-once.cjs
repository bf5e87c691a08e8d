const vm = require('node:vm');

// Jest loads all modules anew for each test file, and has V8 compile them each time. The files of a worker load mostly the same
// modules, so it compiles each of them once and runs the script in the globals of each file: a tenth less CPU time for all tests.
const scripts = new Map();
const { compileFunction } = vm;
vm.compileFunction = (source, parameters, options) => {
  const { filename, parsingContext } = options ?? {};
  if (parsingContext === undefined) return compileFunction(source, parameters, options);
  const head = `(function (${parameters.join()}) {`;
  let compiled = scripts.get(filename);
  if (compiled?.source !== source || compiled.head !== head) {
    compiled = { source, head, script: new vm.Script(`${head}${source}\n})`, { filename, columnOffset: -head.length }) };
    scripts.set(filename, compiled);
  }
  return compiled.script.runInContext(parsingContext);
};
