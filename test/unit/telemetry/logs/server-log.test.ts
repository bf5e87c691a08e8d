import { Writable } from 'node:stream';
import { createLog } from '../../../../src/telemetry/logs/log';
import { createServerLog } from '../../../../src/telemetry/logs/server-log';
import { until } from '../../../support/cache-fixtures';

interface Line {
  readonly level: number;
  readonly count: number;
  readonly msg: string;
}

describe('The log of what the HTTP server refuses', () => {
  it('has the first refusal at once, and the number of those that follow in one line', async () => {
    const lines: Line[] = [];
    const log = createLog(
      'info',
      new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          lines.push(JSON.parse(chunk.toString()) as Line);
          done();
        },
      }),
    );
    const observer = createServerLog(log, 50);
    for (let times = 0; times < 1000; times++) observer.requestShed('unaccepted');
    expect(lines).toMatchObject([
      { level: 40, count: 1, token: 'unaccepted', msg: 'requests are refused: too many at once (MAX_CONCURRENT_REQUESTS)' },
    ]);
    await until(() => lines.length === 2);
    expect(lines[1]).toMatchObject({ level: 40, count: 999, token: 'unaccepted' });
    observer.requestShed('accepted');
    expect(lines[2]).toMatchObject({ level: 40, count: 1, token: 'accepted' });
    observer.connectionCut('no-progress');
    observer.connectionCut('too-much-unsent');
    expect(lines.slice(3)).toMatchObject([
      { msg: expect.stringContaining('WRITE_TIMEOUT_MS') },
      { msg: expect.stringContaining('MAX_UNSENT_BYTES') },
    ]);
  });
});
