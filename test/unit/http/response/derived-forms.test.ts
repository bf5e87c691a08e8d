import { gunzipSync } from 'node:zlib';
import { DerivedForms } from '../../../../src/http/response/derived-forms';

describe('What is derived from a cached response', () => {
  it('is made once: its entity tag', () => {
    const forms = new DerivedForms(() => undefined);
    let made = 0;
    const make = (): string => `W/"${++made}"`;
    expect([forms.entityTag(make), forms.entityTag(make)]).toEqual(['W/"1"', 'W/"1"']);
    expect(new DerivedForms(() => undefined).entityTag(make)).toBe('W/"2"');
  });

  it('is made once for each coding: its compressed body, which is weighed', async () => {
    const weights: number[] = [];
    const forms: DerivedForms = new DerivedForms(() => weights.push(forms.bytes));
    const body = '{"data":null}\n'.repeat(500);
    const [first, second] = await Promise.all([forms.compressed(body, 'gzip'), forms.compressed(body, 'gzip')]);
    expect(second).toBe(first);
    expect(forms.compressed(body, 'gzip')).toBe(first);
    expect(gunzipSync(first).toString()).toBe(body);
    const br = await forms.compressed(body, 'br');
    expect(weights).toEqual([first.length, first.length + br.length]);
  });
});
