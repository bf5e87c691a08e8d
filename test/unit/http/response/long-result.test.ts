import fc from 'fast-check';
import { countObjects } from '../../../../src/graphql/context/result-meter';
import { writeLongResult } from '../../../../src/http/response/long-result';

const UNLIMITED = { maxResults: Infinity, maxAnswerBytes: Infinity };

async function write(data: unknown, limits: Partial<typeof UNLIMITED> = {}) {
  const { pieces, bytes, objects } = await writeLongResult(data, { ...UNLIMITED, ...limits });
  return { text: Buffer.concat(pieces).toString(), bytes, objects };
}

describe('A long result', () => {
  it('is written as JSON.stringify writes it, and its objects and bytes are counted', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 6 }), async (data) => {
        const text = JSON.stringify(data);
        expect(await write(data)).toEqual({ text, bytes: Buffer.byteLength(text), objects: countObjects(data, Infinity) });
      }),
      { numRuns: 300 },
    );
  });

  it('is written in pieces, with turns of the event loop in between', async () => {
    const data = Array.from({ length: 50_000 }, (_, index) => ({ contract: { number: `ñ${index}` } }));
    let turns = 0;
    let immediate = setImmediate(function count() {
      turns++;
      immediate = setImmediate(count);
    });
    const { text, objects } = await write(data);
    clearImmediate(immediate);
    expect([text === JSON.stringify(data), objects]).toEqual([true, 100_000]);
    expect(turns).toBeGreaterThan(10);
  });

  it('is not written any further where it is too long', async () => {
    const data = Array.from({ length: 50_000 }, () => ({ text: 'x'.repeat(100) }));
    expect((await write(data, { maxResults: 10 })).objects).toBe(11);
    const { bytes } = await write(data, { maxAnswerBytes: 300_000 });
    expect(bytes).toBeGreaterThan(300_000);
    expect(bytes).toBeLessThan(1_000_000);
  });
});
