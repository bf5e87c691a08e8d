import { toPrettyLine } from '../../../../src/telemetry/logs/pretty-line';

const LINE = JSON.stringify({
  level: 40,
  time: new Date(2026, 10, 27, 16, 5, 9, 7).getTime(),
  requestId: 'a-1',
  status: 503,
  msg: 'attempt',
});

describe('A line of the log for a person', () => {
  it('has the time of day, the level, the message and the rest', () => {
    expect(toPrettyLine(LINE, false)).toBe('16:05:09.007 warn  attempt requestId=a-1 status=503\n');
  });

  it('is colored on a terminal that shows colors', () => {
    expect(toPrettyLine(LINE, true)).toContain('\u001b[33mwarn \u001b[0m');
  });

  it('lets no value move the cursor of the terminal, and quotes values with spaces', () => {
    const line = JSON.stringify({ level: 30, time: 0, msg: 'operation', operation: 'a\u001b[2J', reason: 'no connection' });
    expect(toPrettyLine(line, false)).toMatch(/ operation="a\\u001b\[2J" reason="no connection"\n$/);
  });

  it('is left alone if it is no JSON', () => {
    expect(toPrettyLine('hello\n', true)).toBe('hello\n');
  });
});
