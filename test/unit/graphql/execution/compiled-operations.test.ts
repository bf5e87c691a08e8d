import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const MIB = 1024 * 1024;

/** Compiles a document under all 64 settings of its conditions: how many bytes the heap has grown by, and the bytes accounted for. */
function compileAll(maxBytes: number, shape = ''): { readonly grown: number; readonly accounted: number; readonly found: number } {
  const script = join(__dirname, '../../../support/plan-heap.cjs');
  return JSON.parse(execFileSync(process.execPath, ['--expose-gc', script, String(maxBytes), shape], { encoding: 'utf8' })) as never;
}

describe('The plans of a document with six conditions', () => {
  it('stay within the bound on what is cached, all 64 of them', () => {
    const { grown, accounted, found } = compileAll(6 * MIB);
    // What was compiled is found again.
    expect(found).toBe(64);
    expect(accounted).toBeLessThanOrEqual(6 * MIB);
    expect(grown).toBeLessThan(6 * MIB);
  });

  it('are counted at no less than what they take', () => {
    const { grown, accounted } = compileAll(500 * MIB);
    // Without a bound they take more than the test above allows.
    expect(grown).toBeGreaterThan(6 * MIB);
    expect(accounted).toBeGreaterThan(grown);
  });

  it('are counted with their models, which are larger where equal selections share a plan', () => {
    const { grown, accounted } = compileAll(500 * MIB, 'aliases');
    expect(grown).toBeGreaterThan(9 * MIB);
    expect(accounted).toBeGreaterThan(grown);
  });
});
