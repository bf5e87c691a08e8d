import { JsonBuffer, ResultOverflow } from '../../../../src/graphql/execution/writing/json-buffer';
import type { ListPlan } from '../../../../src/graphql/execution/plan';

const KIB = 1024;
const MIB = 1024 * KIB;

function write(out: JsonBuffer, letter: string, length: number): Buffer {
  out.ascii(letter.repeat(length));
  return out.take() as Buffer;
}

describe('The bytes of a long answer', () => {
  it('stay as they were, whatever is written afterwards', () => {
    const out = new JsonBuffer();
    const first = write(out, 'a', 100_000);
    const second = write(out, 'b', 300_000);
    write(out, 'c', 1_000_000);
    expect(first.toString()).toBe('a'.repeat(100_000));
    expect(second.toString()).toBe('b'.repeat(300_000));
  });
});

describe('The room of a response', () => {
  const long = 'x'.repeat(300);
  const wide = '\u2028ü'.repeat(100);
  const WRITES: readonly (readonly [string, (out: JsonBuffer) => void, string])[] = [
    ['a plain text', (out) => out.string(long), JSON.stringify(long)],
    ['a text that is not plain', (out) => out.string(wide), JSON.stringify(wide)],
    ['bytes', (out) => out.literal(Buffer.from(long)), long],
    ['ASCII', (out) => out.ascii(long), long],
    ['UTF-8', (out) => out.text(wide), wide],
    ['a number', (out) => out.number(2 ** 31 - 1), '2147483647'],
    ['a negative number', (out) => out.number(-(2 ** 53)), '-9007199254740992'],
    ['a copy', (out) => out.repeat(0, 300), 'a'.repeat(300)],
  ];

  it.each(WRITES)('is there for %s, however little is left of it', (_, act, expected) => {
    for (const left of [0, 1, 63, 64, 65, 100, 363, 364, 365, 700]) {
      const out = new JsonBuffer();
      out.bytes.fill('a');
      out.length = out.bytes.length - left;
      const from = out.length;
      act(out);
      expect(out.bytes.toString('utf8', from, out.length)).toBe(expected);
      expect(out.bytes.toString('latin1', 0, from)).toBe('a'.repeat(from));
    }
  });

  it('is what was asked for and 64 bytes, and grows by no less than it was', () => {
    for (const [left, count] of [
      [100, 36],
      [100, 37],
      [0, 0],
      [64, 0],
      [0, MIB],
    ] as const) {
      const out = new JsonBuffer();
      const before = out.bytes.length;
      out.length = before - left;
      out.ensure(count);
      expect(out.bytes.length - out.length).toBeGreaterThanOrEqual(count + 64);
      if (left - 64 >= count) expect(out.bytes.length).toBe(before);
      else expect(out.bytes.length).toBeGreaterThanOrEqual(2 * before);
    }
  });

  it('is given up where it is more than 8 MiB', () => {
    for (const [count, kept] of [
      [8 * MIB - 64, 8 * MIB],
      [8 * MIB - 63, new JsonBuffer().bytes.length],
    ] as const)
      for (const end of [(out: JsonBuffer) => out.discard(), (out: JsonBuffer) => out.take()]) {
        const out = new JsonBuffer();
        out.ensure(count);
        out.length = 100_000;
        end(out);
        expect([out.bytes.length, out.length]).toEqual([kept, 0]);
      }
  });

  it('is not made where more was written than may be', () => {
    const out = new JsonBuffer();
    out.start(Infinity, 1000);
    expect(() => {
      for (let i = 0; i < 1000; i++) out.ascii('a'.repeat(10_000));
    }).toThrow(new ResultOverflow('bytes', out.bytes.length - (out.bytes.length % 10_000)));
    expect(out.bytes.length).toBe(new JsonBuffer().bytes.length);
    // Exactly as many.
    out.start(Infinity, out.bytes.length);
    out.length = out.bytes.length;
    out.ensure(1);
  });
});

describe('A response that is taken', () => {
  it('is a text up to 64 KiB', () => {
    const out = new JsonBuffer();
    expect(write(out, 'a', 64 * KIB)).toBe('a'.repeat(64 * KIB));
    expect(write(out, 'b', 64 * KIB + 1)).toEqual(Buffer.alloc(64 * KIB + 1, 'b'));
  });

  it('is of no more bytes than may be', () => {
    const out = new JsonBuffer();
    out.start(Infinity, 10);
    expect(write(out, 'a', 10)).toBe('a'.repeat(10));
    out.start(Infinity, 10);
    expect(() => write(out, 'a', 11)).toThrow(new ResultOverflow('bytes', 11));
    expect(out.length).toBe(0);
  });

  it('is forgotten with its lists, as is one that is given up', () => {
    const plan: ListPlan = { kind: 'list', nullable: true, live: false, item: { kind: 'leaf', leaf: 'Int', nullable: true } };
    for (const end of [(out: JsonBuffer) => out.discard(), (out: JsonBuffer) => out.take(), (out: JsonBuffer) => out.rewind(0, 0)]) {
      const out = new JsonBuffer();
      out.lists.note(plan, plan, { from: 0, to: 0, objects: 0 });
      end(out);
      expect(out.lists.find(plan, plan)).toBeUndefined();
    }
  });
});

describe('A whole number', () => {
  it('is written as JSON has it', () => {
    const out = new JsonBuffer();
    const powers = Array.from({ length: 16 }, (_, digits) => 10 ** digits);
    for (const number of [
      0,
      -0,
      2 ** 31 - 1,
      2 ** 31,
      2 ** 53,
      ...powers,
      ...powers.map((power) => power - 1),
      ...powers.map((power) => -power),
    ]) {
      out.number(number);
      expect(out.take()).toBe(JSON.stringify(number));
    }
  });
});
