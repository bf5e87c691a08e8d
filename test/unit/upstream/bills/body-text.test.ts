import { toUtf8 } from '../../../../src/upstream/bills/body-text';

const TEXT = '{"city":"São Paulo","street":"Ñandutí €"}';
const UTF_8 = Buffer.from(TEXT);
/** The same in windows-1252, where the euro sign is 0x80. */
const WINDOWS_1252 = Buffer.from(TEXT.replace('€', '\x80'), 'latin1');
const json = (charset: string): string => `application/json;charset=${charset}`;

describe('The text of a body', () => {
  it.each([[undefined], ['application/json'], [json('UTF-8')], [json('"utf-8"')], [json("'utf-8'")], [json('')]])(
    'is UTF-8 with the media type %s',
    (type) => {
      expect(toUtf8(UTF_8, type).toString()).toBe(TEXT);
    },
  );

  it.each(['ISO-8859-1', 'iso-8859-1', 'latin1', 'windows-1252', '"cp1252"'])('is windows-1252 where %s is declared', (charset) => {
    expect(toUtf8(WINDOWS_1252, json(charset)).toString()).toBe(TEXT);
  });

  it('has each of the 256 bytes of windows-1252 as what it stands for', () => {
    const high = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, code) => code));
    const latin1 = (from: number, to: number): string => bytes.toString('latin1', from, to);
    expect(toUtf8(bytes, json('windows-1252')).toString()).toBe(`${latin1(0, 0x80)}${high}${latin1(0xa0, 0x100)}`);
  });

  it('takes no longer for bytes that ISO-8859-1 and windows-1252 have apart than for others', () => {
    const cpuOf = (code: number): number => {
      const body = Buffer.alloc(4 * 1024 * 1024, code);
      const before = process.cpuUsage();
      expect(toUtf8(body, json('latin1')).length).toBeGreaterThan(body.length);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    const leastOf = (code: number): number => Math.min(...Array.from({ length: 5 }, () => cpuOf(code)));
    leastOf(0xe9);
    expect(leastOf(0x80)).toBeLessThan(leastOf(0xe9) * 8);
  });

  it('is UTF-8 where the bytes are, although ISO-8859-1 is declared: the default of a server that does not know what it sends', () => {
    expect(toUtf8(UTF_8, json('ISO-8859-1')).toString()).toBe(TEXT);
  });

  it('has no byte order mark, and a mark goes before what is declared', () => {
    const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), UTF_8]);
    for (const type of [undefined, json('ISO-8859-1'), json('utf-16')]) expect(toUtf8(marked, type).toString()).toBe(TEXT);
  });

  it.each(['utf-16', 'utf-16le', 'shift_jis', 'iso-2022-jp', 'iso-8859-15'])('is not guessed at where %s is declared', (charset) => {
    expect(() => toUtf8(UTF_8, json(charset))).toThrow('does not follow its contract');
  });
});
