import fc from 'fast-check';
import { BodyBuffer } from '../../../../src/upstream/http/body-buffer';

describe('A body buffer', () => {
  it('gives back what came, however it was cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 60 }), (sizes) => {
        const buffer = new BodyBuffer();
        const pieces = sizes.map((size, index) => Buffer.alloc(size, index + 1));
        for (const piece of pieces) buffer.add(piece);
        const whole = Buffer.concat(pieces);
        expect(buffer.length).toBe(whole.length);
        expect(buffer.take().equals(whole)).toBe(true);
      }),
    );
  });

  it('keeps a single piece without a copy', () => {
    const buffer = new BodyBuffer();
    const piece = Buffer.from('{}');
    buffer.add(piece);
    expect(buffer.take()).toBe(piece);
  });
});
