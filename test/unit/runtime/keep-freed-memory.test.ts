import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const SCRIPT = `
  require(process.argv[1]).keepFreedMemory();
  const round = () => {
    let held = [];
    for (let i = 0; i < 64; i++) held.push(Buffer.allocUnsafeSlow(160_000).fill(1));
    held = null;
    gc();
  };
  for (let i = 0; i < 5; i++) round();
  const before = process.resourceUsage().minorPageFault;
  for (let i = 0; i < 50; i++) round();
  process.stdout.write(String(process.resourceUsage().minorPageFault - before));
`;
/** What the 50 rounds write to. Without it, about half of these were new pages in most processes (58,844 and 66,881, once 2,224). */
const PAGES = (50 * 64 * 160_000) / 4096;

describe('A process that keeps the memory that it has freed', () => {
  it('fills large buffers, round after round, without asking the system for new pages', () => {
    const built = join(__dirname, '../../../dist/runtime/keep-freed-memory.js');
    const faults = execFileSync(process.execPath, ['--expose-gc', '-e', SCRIPT, built], { encoding: 'utf8' });
    expect(Number(faults)).toBeLessThan(PAGES / 10);
  });
});
