import { CSV_TYPE, HTML_TYPE, isExportType, JSON_TYPE, JSONL_TYPE, negotiateMediaType } from '../../../../src/http/request/media-types';

const GRAPHQL_TYPE = 'application/graphql-response+json; charset=utf-8';
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

describe('The media type of a response', () => {
  it.each([
    [undefined, JSON_TYPE],
    ['', JSON_TYPE],
    ['*/*', JSON_TYPE],
    ['application/*', JSON_TYPE],
    ['application/json', JSON_TYPE],
    ['application/graphql-response+json', GRAPHQL_TYPE],
    ['application/graphql-response+json, application/json;q=0.9', GRAPHQL_TYPE],
    ['application/json;q=0.5, application/graphql-response+json;q=0.4', JSON_TYPE],
    ['application/json;q=0, */*', GRAPHQL_TYPE],
    ['image/png', null],
    ['text/html', null],
    [BROWSER, JSON_TYPE],
  ])('is chosen by the header: %s', (accept, type) => {
    expect(negotiateMediaType(accept, false)).toBe(type);
  });

  it.each([
    [undefined, JSON_TYPE],
    ['*/*', JSON_TYPE],
    ['text/html', HTML_TYPE],
    [BROWSER, HTML_TYPE],
    ['application/json, text/html;q=0.9', JSON_TYPE],
    ['image/png', null],
  ])('may be HTML where there is a page: %s', (accept, type) => {
    expect(negotiateMediaType(accept, true)).toBe(type);
  });

  it.each([
    ['application/jsonl', JSONL_TYPE],
    ['Application/JSONL', JSONL_TYPE],
    ['text/csv', CSV_TYPE],
    ['text/csv;q=0.5, application/jsonl', JSONL_TYPE],
    ['application/json, text/csv;q=0.9', JSON_TYPE],
    ['text/*', null],
    [`${BROWSER}, application/xml`, JSON_TYPE],
  ])('is that of an export only where the header names it: %s', (accept, type) => {
    expect(negotiateMediaType(accept, false)).toBe(type);
  });

  it('does not depend on a header that is longer than 1,000 characters', () => {
    expect(negotiateMediaType('image/png'.padEnd(1000), false)).toBeNull();
    expect(negotiateMediaType('image/png'.padEnd(1001), false)).toBe(JSON_TYPE);
  });

  it('tells an export from other responses', () => {
    expect([JSONL_TYPE, CSV_TYPE, JSON_TYPE, HTML_TYPE, null].map(isExportType)).toEqual([true, true, false, false, false]);
  });
});
