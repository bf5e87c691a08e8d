import { JsonBuffer } from '../../../../src/graphql/execution/writing/json-buffer';

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
