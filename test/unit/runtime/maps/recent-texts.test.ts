import fc from 'fast-check';
import { RecentTexts, rememberRecent } from '../../../../src/runtime/maps/recent-texts';

/** A new string each time, as the parser of a request makes it. */
const anew = (text: string): string => JSON.parse(JSON.stringify(text)) as string;

describe('Values of recent texts', () => {
  it('are those of exactly this text, or are not found', () => {
    // Long texts that differ in one character share a row: few of their characters are looked at.
    const text = fc.tuple(fc.nat({ max: 199 }), fc.constantFrom('a', 'b', 'é', '\u{1f600}')).map(([at, other]) => {
      const long = 'x'.repeat(200);
      return long.slice(0, at) + other + long.slice(at + 1);
    });
    const step = fc.record({ text: fc.oneof(text, fc.string({ maxLength: 3 })), act: fc.constantFrom('set', 'get', 'delete') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const recent = new RecentTexts<object>();
        const model = new Map<string, object>();
        for (const { text: name, act } of steps) {
          if (act === 'set') {
            const value = {};
            recent.set(name, value);
            model.set(name, value);
            expect(recent.get(anew(name))).toBe(value);
          } else if (act === 'delete') {
            recent.delete(anew(name));
            model.delete(name);
            expect(recent.get(name)).toBeUndefined();
          } else if (recent.get(anew(name)) !== undefined) expect(recent.get(name)).toBe(model.get(name));
        }
      }),
    );
  });

  it('are found for a few dozen texts at once, most of them', () => {
    const recent = new RecentTexts<object>();
    const texts = Array.from({ length: 40 }, (_, index) => `query Operation${index} { customer(idType: "RUC", id: "1") { id } }`);
    for (const text of texts) recent.set(text, {});
    expect(texts.filter((text) => recent.get(text)).length).toBeGreaterThan(30);
  });

  it('leave the value of another text in the same row alone', () => {
    const recent = new RecentTexts<object>();
    const [one, other] = [`${'a'.repeat(100)}b${'a'.repeat(99)}`, 'a'.repeat(200)];
    const value = {};
    recent.set(one, value);
    recent.delete(other);
    expect(recent.get(one)).toBe(value);
  });
});

describe('What a function makes of recent texts', () => {
  const OTHERS = 5000;

  it('is remembered of those that come again, after any number of others too', () => {
    const make = jest.fn((text: string) => (text === 'nothing' ? null : text.toUpperCase()));
    const remembered = rememberRecent(make);
    for (let i = 0; i < OTHERS; i++) expect(remembered(`a/b${i}`)).toBe(`A/B${i}`);
    make.mockClear();
    for (let i = 0; i < 10; i++) expect(remembered('application/json')).toBe('APPLICATION/JSON');
    expect(make).toHaveBeenCalledTimes(1);
    make.mockClear();
    expect([remembered('nothing'), remembered('nothing'), make.mock.calls.length]).toEqual([null, null, 1]);
  });

  it('is not remembered of long ones', () => {
    const make = jest.fn((text: string) => text.length);
    const remembered = rememberRecent(make);
    for (const length of [1000, 1001]) for (let i = 0; i < 3; i++) expect(remembered('x'.repeat(length))).toBe(length);
    expect(make.mock.calls.map(([text]) => text.length)).toEqual([1000, 1001, 1001, 1001]);
  });
});
