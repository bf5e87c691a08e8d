/** What keeps an example from starting, in a sentence that says what to do. @param {NodeJS.ErrnoException & { port?: number }} error */
const toPortProblem = ({ code, port, message }) =>
  code === 'EADDRINUSE'
    ? `Port ${port} is in use: stop what listens there, or choose another one with --port (0 is any free one).`
    : message;

module.exports = { toPortProblem };
