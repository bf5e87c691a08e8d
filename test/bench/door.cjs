// Preloaded into every contestant, with `node --require`: a side door through which the benchmark asks for CPU time and
// memory of the whole process, its other threads included, and switches the CPU profiler on and off. It costs nothing
// while nobody asks.
const { Session } = require('node:inspector');

/** Microseconds between two samples of the profiler. */
const SAMPLE_US = 250;
let session = null;

const ANSWERS = {
  usage: (reply) => {
    const { user, system } = process.cpuUsage();
    reply({ cpuUs: user + system, rssMiB: process.memoryUsage.rss() / 2 ** 20, node: process.version });
  },
  profile: (reply) => {
    session = new Session();
    session.connect();
    session.post('Profiler.enable');
    session.post('Profiler.setSamplingInterval', { interval: SAMPLE_US });
    session.post('Profiler.start', () => reply(null));
  },
  endProfile: (reply) => {
    session.post('Profiler.stop', (error, result) => {
      if (error) throw new Error(error.message);
      reply(result.profile);
    });
  },
};

process.on('message', (question) => ANSWERS[question]((answer) => process.send(answer)));
// Its benchmark has ended, in whatever way: nothing must be left running. An orderly exit would write what waits of a log,
// which goes on for ever where nobody reads it any more.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
