import fc from 'fast-check';
import { decodeSearch, parseSearch } from '../../../../src/http/request/graphql-request';
import { RecurringQueries } from '../../../../src/http/request/recurring-queries';

const ENCODED = 'query+Bills%28%24id%3AID%21%29%7Bcustomer%7D';

describe('Documents that recur in URLs', () => {
  it('are decoded once', () => {
    const queries = new RecurringQueries();
    expect(queries.find(ENCODED)).toBeUndefined();
    const decode = jest.fn(decodeSearch);
    for (const id of [1, 2]) queries.note(`/graphql?operationName=Bills&query=${ENCODED}&variables={"id":"${id}"}`, decode);
    expect(decode.mock.calls).toEqual([[ENCODED]]);
    expect(queries.find(ENCODED)).toBe('query Bills($id:ID!){customer}');
  });

  it.each(['/graphql', '/graphql?variables={}', `/graphql?query=${'x'.repeat(16_385)}`])('are not taken from %s', (url) => {
    const decode = jest.fn(decodeSearch);
    new RecurringQueries().note(url, decode);
    expect(decode).not.toHaveBeenCalled();
  });

  it('mean in a URL what they mean without having been noted, whatever else was', () => {
    const piece = fc.constantFrom('query=', 'qu%65ry=', 'a', '%7B', '+', '?', '&', '=', '%ff', 'variables=', '{}');
    const url = fc.array(piece, { maxLength: 12 }).map((pieces) => `/graphql?${pieces.join('')}`);
    fc.assert(
      fc.property(fc.array(url, { minLength: 1 }), url, (noted, asked) => {
        const queries = new RecurringQueries();
        for (const earlier of [...noted, asked]) queries.note(earlier, decodeSearch);
        for (const later of [...noted, asked]) expect(parseSearch(later, queries)).toEqual(parseSearch(later));
      }),
      { numRuns: 2000 },
    );
  });
});
