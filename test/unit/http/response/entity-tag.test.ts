import { Caller } from '../../../../src/billing/model/caller';
import { monotonicMs } from '../../../../src/runtime/clock';
import type { Completed } from '../../../../src/http/response/completed';
import { DerivedForms } from '../../../../src/http/response/derived-forms';
import { validate } from '../../../../src/http/response/entity-tag';
import { toCompleted } from '../../../support/completed';

const caller = Caller.parse('Bearer a') as Caller;
const fresh = { freshUntilMs: monotonicMs() + 3_600_000, stale: false };
const response = (changed: Partial<Completed> = {}): Completed => toCompleted('{"data":null}', { freshness: fresh, ...changed });

/** The response to a request with this header. */
function ask(completed: Completed, known?: string, of: Caller | null = caller): Completed {
  return validate({ request: { headers: known === undefined ? {} : { 'if-none-match': known } }, caller: of }, completed);
}
function tagOf(completed: Completed, of: Caller = caller): string {
  const { headers } = ask(completed, undefined, of);
  return headers[headers.indexOf('etag') + 1] as string;
}

describe('The entity tag of a response', () => {
  const tag = tagOf(response());

  it('is weak, the same for the same bytes, and added to the other headers', () => {
    expect(tag).toMatch(/^W\/"[\w-]{22}"$/);
    expect(tagOf(response())).toBe(tag);
    expect(tagOf(response({ body: Buffer.from('{"data":null}') }))).toBe(tag);
    expect(tagOf(response({ body: '\u00f3' }))).toBe(tagOf(response({ body: Buffer.from([0xf3]) })));
    const changed = ask(response({ headers: ['vary', 'accept'] }));
    expect(changed).toEqual({ ...response(), headers: ['vary', 'accept', 'etag', tag] });
  });

  it('is another one for another body, media type or caller', () => {
    const tags = [
      tag,
      tagOf(response({ body: '{"data":1}' })),
      tagOf(response({ mediaType: 'application/graphql-response+json' })),
      tagOf(response(), Caller.parse('Bearer b') as Caller),
      tagOf(response(), Caller.parse('Bearer a', ['x-channel', '1']) as Caller),
    ];
    expect(new Set(tags).size).toBe(5);
  });

  it('is made once for a response that is cached', () => {
    const derived = new DerivedForms(() => undefined);
    expect(tagOf(response({ derived }))).toBe(tag);
    expect(derived.entityTag(() => 'made again')).toBe(tag);
  });

  it.each<[string, Partial<Completed>, Caller | null]>([
    ['is an error', { status: 500 }, caller],
    ['may not be stored', { freshness: { freshUntilMs: null, stale: false } }, caller],
    ['is no longer fresh', { freshness: { freshUntilMs: monotonicMs(), stale: false } }, caller],
    ['is nobody’s', {}, null],
  ])('is none where the response %s, whatever the client has', (_what, changed, of) => {
    const completed = response(changed);
    for (const known of [undefined, tag, '*']) expect(ask(completed, known, of)).toBe(completed);
  });

  it.each([tag, tag.slice(2), `"x", ${tag}`, `${tag.slice(2)},"x"`, `W/"",W/"x",${tag}`, '*', ' * '])(
    'lets the client use what it has, where that is %s',
    (known) => {
      expect(ask(response(), known)).toMatchObject({ status: 304, body: '', headers: ['etag', tag] });
    },
  );

  it.each(['', '""', '"x"', 'W/"x"', tag.slice(3, -1), tag.toUpperCase(), `"*"`, '**', `"x${tag.slice(3)}`, tag.slice(0, -1)])(
    'does not where that is %s',
    (known) => {
      expect(ask(response(), known)).toEqual({ ...response(), headers: ['etag', tag] });
    },
  );
});
