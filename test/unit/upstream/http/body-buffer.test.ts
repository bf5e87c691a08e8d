import fc from 'fast-check';
import { BodyBuffer } from '../../../../src/upstream/http/body-buffer';

/** Of a piece: mostly of those that are copied together, whose blocks have 16 KiB. */
const size = fc.oneof(
  { weight: 60, arbitrary: fc.integer({ min: 0, max: 1024 }) },
  fc.integer({ min: 1023, max: 3000 }),
  fc.integer({ min: 16 * 1024, max: 40_000 }),
);

describe('A body buffer', () => {
  it('gives back what came, however it was cut', () => {
    fc.assert(
      fc.property(fc.array(size, { maxLength: 120, size: 'max' }), (sizes) => {
        const buffer = new BodyBuffer();
        const pieces = sizes.map((size, index) => Buffer.alloc(size, index + 1));
        for (const piece of pieces) buffer.add(piece);
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

  it('keeps a single piece without a copy', () => {
    const buffer = new BodyBuffer();
    const piece = Buffer.from('{}');
    buffer.add(piece);
    expect(buffer.take()).toBe(piece);
  });
});
