import { createMemoryStore } from '../../../../src/cache/entries/memory-store';
import { CountingObserver } from '../../../support/cache-fixtures';

const MIB = 1024 * 1024;
const nextTurn = () => new Promise(setImmediate);

describe('Large entries in memory', () => {
  it('are read in several turns of the event loop, and small ones at once', async () => {
    const store = createMemoryStore({ maxBytes: 64 * MIB, observer: new CountingObserver() });
    store.set('large', Buffer.alloc(3 * MIB), 60_000);
    store.set('small', Buffer.alloc(1000), 60_000);
    const turns: string[][] = [[]];
    const read = (name: string): void => {
      const values = store.getMany([name, 'index']);
      if (values instanceof Promise) void values.then(([value]) => turns.at(-1)!.push(`${name} ${value ? 'later' : 'gone'}`));
      else turns.at(-1)!.push(name);
    };
    for (const name of ['large', 'small', 'large', 'large', 'none', 'small']) read(name);
    for (let turn = 0; turn < 2; turn++) {
      turns.push([]);
      await nextTurn();
    }
    expect(turns).toEqual([['large', 'small', 'none', 'small'], ['large later'], ['large later']]);
    read('large');
    await store.close();
    turns.push([]);
    await nextTurn();
    expect(turns.at(-1)).toEqual(['large gone']);
  });
});
