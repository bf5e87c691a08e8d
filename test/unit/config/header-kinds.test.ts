import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HEADER_NAME, HEADER_NAMES, HEADER_VALUE, HEADERS_FILE } from '../../../src/config/kinds/header-kinds';
import { REFUSED } from '../../../src/config/kinds/setting';

const HOP_BY_HOP = [
  ...['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect', 'content-length', 'content-type'],
  ...['proxy-authorization', 'proxy-connection', 'http2-settings'],
];
const OWN = [
  ...['authorization', 'host', 'accept', 'accept-encoding', 'user-agent', 'traceparent', 'tracestate', 'range'],
  ...['if-none-match', 'if-modified-since'],
];
const MALFORMED = ['x channel', 'x:y', 'ñ', 'x\ny', '"x"', 'x/y'];
const GOOD = ['x-channel', 'accept-language', 'x', 'x-te', 'tex', 'hosts', 'x-host', 'x-content-type', 'contents', 'acceptable', 'x-if-a'];

describe('The name of a header', () => {
  it.each([...HOP_BY_HOP, ...OWN, ...MALFORMED, 'cookie'])('is never forwarded: %j', (name) => {
    for (const written of [name, name.toUpperCase()]) {
      expect([HEADER_NAME.parse(written), HEADER_NAMES.parse(written), HEADER_NAMES.parse(`x-channel,${written}`)]).toEqual(
        Array(3).fill(REFUSED),
      );
      const why = HEADER_NAME.explain!(written);
      expect(why).toContain(
        MALFORMED.includes(name)
          ? 'is not the name'
          : HOP_BY_HOP.includes(name)
            ? 'hop-by-hop'
            : name === 'cookie'
              ? 'cookies'
              : 'made by the gateway itself',
      );
      expect(HEADER_NAMES.explain!(`x-channel, ${written}`)).toBe(why.replace(written, written.toLowerCase().trim()));
    }
  });

  it('may be any other one, and several are separated by commas', () => {
    for (const name of GOOD) expect([HEADER_NAME.parse(name), HEADER_NAME.parse(name.toUpperCase())]).toEqual([name, name]);
    expect(HEADER_NAMES.parse(GOOD.join(','))).toEqual(GOOD);
    expect(HEADER_NAMES.parse(' X-Channel , x-brand,,x-channel ')).toEqual(['x-channel', 'x-brand']);
    expect([HEADER_NAMES.parse(''), HEADER_NAMES.absent]).toEqual([[], []]);
  });
});

describe('The value of a header', () => {
  it('is of printable ASCII characters', () => {
    for (const value of ['a', ' ~', 'a b']) expect(HEADER_VALUE.parse(value)).toBe(value);
    for (const value of ['', 'ñ', 'a\n', '\ta', 'a\u007f']) expect(HEADER_VALUE.parse(value)).toBe(REFUSED);
  });
});

describe('A file of headers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'headers-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'headers');
  const read = (content: string): unknown => {
    writeFileSync(path, content);
    const value = HEADERS_FILE.parse(path);
    return value === REFUSED ? HEADERS_FILE.explain!(path).replace(path, 'FILE') : value;
  };

  it('has one in each line, beside empty lines and comments', () => {
    expect(read('X-Api-Key: se:cret \r\n\n  \n# no: header\nx-b:1')).toEqual(['x-api-key', 'se:cret', 'x-b', '1']);
  });

  it.each([
    ['', 'it has no header'],
    ['# x: 1\n\n', 'it has no header'],
    ['x-a: 1\nsecret', 'line 2 is not of the form "name: value"'],
    ['\n\n:secret', 'line 3 is not the name of a header'],
    [' x-a: secret', 'line 1 is not the name of a header'],
    ['Host: secret', 'line 1 (host) is made by the gateway itself'],
    ['x-a:', 'line 1 (x-a) has no value, or one with other than printable ASCII characters'],
    ['x-a: secret\u0001', 'line 1 (x-a) has no value, or one with other than printable ASCII characters'],
  ])('is refused without quoting a value: %j', (content, problem) => {
    expect(read(content)).toBe(`; "FILE" cannot be used: ${problem}`);
  });

  it('is refused where it cannot be read', () => {
    expect([HEADERS_FILE.parse(join(folder, 'none')), HEADERS_FILE.explain!(join(folder, 'none'))]).toEqual([
      REFUSED,
      expect.stringContaining('it cannot be read (ENOENT)'),
    ]);
  });
});
