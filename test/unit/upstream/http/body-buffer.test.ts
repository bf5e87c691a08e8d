import fc from 'fast-check';
import { BodyBuffer } from '../../../../src/upstream/http/body-buffer';

/** Of a piece: mostly small beside a block, which has 16 KiB. */
const size = fc.oneof(
  { weight: 60, arbitrary: fc.integer({ min: 0, max: 1024 }) },
  fc.integer({ min: 1023, max: 3000 }),
  fc.integer({ min: 16 * 1024, max: 40_000 }),
);

describe('A body buffer', () => {
  it('gives back what came, however it was cut', () => {
    fc.assert(
      fc.property(fc.array(size, { maxLength: 120, size: 'max' }), fc.boolean(), (sizes, announces) => {
        const buffer = new BodyBuffer();
        const pieces = sizes.map((size, index) => Buffer.alloc(size, index + 1));
        let left = announces ? sizes.reduce((sum, size) => sum + size, 0) : 0;
        for (const piece of pieces) {
          if (announces) left -= piece.length;
          buffer.add(piece, left);
        }
        const whole = Buffer.concat(pieces);
        expect(buffer.length).toBe(whole.length);
        expect(buffer.take().equals(whole)).toBe(true);
      }),
    );
  });

  it('takes about as much memory as what came, also byte by byte', () => {
    const buffer = new BodyBuffer();
    const before = process.memoryUsage().arrayBuffers;
    const byte = Buffer.alloc(1);
    for (let i = 0; i < 20_000; i++) buffer.add(byte);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100_000);
    expect(buffer.take()).toHaveLength(20_000);
  });

  it('keeps nothing once it is discarded, and counts on', () => {
    const buffer = new BodyBuffer();
    for (const discards of [false, true]) {
      buffer.add(Buffer.alloc(2000));
      buffer.add(Buffer.alloc(10));
      if (!discards) buffer.discard();
    }
    expect([buffer.length, buffer.take().length]).toEqual([4020, 0]);
  });

  it('copies what comes, whose memory the next bytes are read into', () => {
    const memory = Buffer.alloc(4);
    const buffer = new BodyBuffer();
    for (const piece of ['[1,2', ',3,4', ',5]']) buffer.add(memory.subarray(0, memory.write(piece)));
    memory.fill(0);
    expect(buffer.take().toString()).toBe('[1,2,3,4,5]');
  });

  it('takes what is announced at once, up to a block', () => {
    const block = 1024 * 1024;
    const before = process.memoryUsage().arrayBuffers;
    const few = new BodyBuffer();
    few.add(Buffer.alloc(10), 100_000);
    const more = new BodyBuffer();
    // It may never come.
    more.add(Buffer.alloc(10), 1000 * block);
    const taken = process.memoryUsage().arrayBuffers - before;
    expect([taken > block, taken < 2 * block]).toEqual([true, true]);
    expect([few.take().length, more.take().length]).toEqual([10, 10]);
  });
});
