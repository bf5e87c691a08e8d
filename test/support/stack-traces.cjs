// As many calls as Node.js itself keeps. Jest keeps 100, and translates each to TypeScript when a stack is read, which the tests of many
// failures spend a sixth of their time with.
Error.stackTraceLimit = 10;
