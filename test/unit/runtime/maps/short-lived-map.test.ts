import fc from 'fast-check';
import { ShortLivedMap, type Entry } from '../../../../src/runtime/maps/short-lived-map';

/** Keys with one row among them: they end alike. */
const key = fc.oneof(
  fc.constantFrom('a', 'b', ''),
  fc.constantFrom('first', 'second', 'third').map((start) => `${start} ${'-'.repeat(32)}`),
);
const step = fc.record({ key, act: fc.constantFrom('set', 'delete', 'delete a replaced one') });

describe('A map for entries that live for a moment', () => {
  it('has what a Map has, whatever comes and goes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const map = new ShortLivedMap<object>();
        const model = new Map<string, object>();
        const entries: { readonly name: string; readonly entry: Entry<object> }[] = [];
        for (const { key: name, act } of steps) {
          const value = {};
          if (act === 'set') {
            entries.push({ name, entry: map.set(name, value) });
            model.set(name, value);
          } else {
            // The newest entry of a name is its own; an older one was replaced, and is nothing to be deleted.
            const of = entries.filter((each) => each.name === name);
            const last = act === 'delete' ? of.at(-1) : of.at(-2);
            if (last) map.delete(last.entry);
            if (act === 'delete') model.delete(name);
          }
          for (const each of ['a', 'b', '', ...['first', 'second', 'third'].map((start) => `${start} ${'-'.repeat(32)}`)])
            expect(map.get(each)).toBe(model.get(each));
        }
      }),
    );
  });

  it('tells more keys apart than it has rows', () => {
    const map = new ShortLivedMap<{ readonly index: number }>();
    for (let index = 0; index < 5000; index++) map.set(`key ${index}`, { index });
    for (let index = 0; index < 5000; index++) expect(map.get(`key ${index}`)?.index).toBe(index);
    expect(map.get('key 5000')).toBeUndefined();
  });
});
