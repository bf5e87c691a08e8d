import { Writable } from 'node:stream';
import { createLog } from '../../../../src/telemetry/logs/log';
import { toLoggedError } from '../../../../src/telemetry/logs/logged-error';

describe('A logged error', () => {
  it('tells its type, message, code and place, and those of its causes, but no stack and no path', () => {
    const cause = Object.assign(new Error('the port is taken'), { code: 'EADDRINUSE' });
    const logged = toLoggedError(new TypeError('the start failed', { cause }));
    expect(logged).toEqual({
      type: 'TypeError',
      message: 'the start failed',
      at: expect.stringMatching(/^logged-error\.test\.ts:\d+:\d+$/),
      cause: {
        type: 'Error',
        message: 'the port is taken',
        code: 'EADDRINUSE',
        at: expect.stringMatching(/^logged-error\.test\.ts:\d+:\d+$/),
      },
    });
  });

  it('copes with what is no error, has no stack, or is its own cause', () => {
    expect(toLoggedError('secret')).toEqual({ type: 'string', message: 'something that is no error was thrown' });
    const bare = new Error('bare');
    delete bare.stack;
    bare.cause = bare;
    expect(JSON.stringify(toLoggedError(bare)).match(/bare/g)).toHaveLength(4);
  });

  it('is what stands in a log line under `err`', () => {
    const lines: string[] = [];
    const log = createLog(
      'info',
      new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          lines.push(String(chunk));
          done();
        },
      }),
    );
    log.error({ errorId: 'e1', err: new RangeError('out of it') }, 'internal error');
    expect(JSON.parse(lines[0]!)).toMatchObject({
      errorId: 'e1',
      err: { type: 'RangeError', message: 'out of it' },
      msg: 'internal error',
    });
    expect(lines[0]).not.toMatch(/stack|\n\s+at |node_modules/);
  });
});
