import { parseArguments } from '../../../src/config/arguments';

describe('The command line', () => {
  it.each([
    [[], 'start'],
    [['--help'], 'help'],
    [['-h'], 'help'],
    [['--port', '3000', '-h'], 'help'],
    [['--version'], 'version'],
    [['-v'], 'version'],
  ])('%j asks for: %s', (args: string[], kind) => {
    expect(parseArguments(args)).toEqual({ kind });
  });

  it('leaves the arguments of cost:check to that command', () => {
    expect(parseArguments(['cost:check', '--help'])).toEqual({ kind: 'cost-check', args: ['--help'] });
  });

  it.each([
    [['--port', '3000'], 'Unknown argument "--port". Settings are read from the environment: set PORT=3000 instead.'],
    [['--log-level=debug'], 'Unknown argument "--log-level=debug". Settings are read from the environment: set LOG_LEVEL=debug instead.'],
    [
      ['--cache-secret', 'hunter2'],
      'Unknown argument "--cache-secret". Settings are read from the environment: set CACHE_SECRET=... instead.',
    ],
    [['serve'], 'Unknown argument "serve". Settings are read from the environment: see --help.'],
    [['--version', '--port', '3000'], 'Unknown argument "--port". Settings are read from the environment: set PORT=3000 instead.'],
  ])('refuses %j, and says what to set', (args, problem) => {
    expect(parseArguments(args)).toEqual({ kind: 'refused', problem });
  });
});
