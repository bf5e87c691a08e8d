import { mayReachForPrototype, reachesForPrototype } from '../../../../../src/http/request/json/prototype-names';

describe('A name in JSON', () => {
  it.each([
    '{"__proto__":1}',
    '{"a":[[{"b":{"__proto__":null}}]]}',
    '{"\\u005f_proto__":{}}',
    '{"constructor":{"prototype":1}}',
    '[1,{"a":1,"constructor":{"a":1,"prototype":null}}]',
    '{"constructor":{"a":{"constructor":{"prototype":{}}}}}',
  ])('reaches for a prototype in %s', (json) => {
    expect([mayReachForPrototype(json), reachesForPrototype(JSON.parse(json))]).toEqual([true, true]);
  });

  it.each([
    'null',
    '1',
    '"__proto__"',
    '[null,"__proto__",["constructor"]]',
    '{"constructor":null}',
    '{"constructor":1}',
    '{"constructor":"prototype"}',
    '{"constructor":{"a":1}}',
    '{"constructor":["prototype"]}',
    '{"a":{"prototype":1}}',
    '{"prototype":{"constructor":{}},"proto":null}',
  ])('does not in %s', (json) => {
    expect(reachesForPrototype(JSON.parse(json))).toBe(false);
  });
});
