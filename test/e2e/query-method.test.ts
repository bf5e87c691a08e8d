import { METHODS } from 'node:http';
import { gzipSync } from 'node:zlib';
import { startGateway, toAnswer, type Gateway } from '../support/gateway';
import { requestRaw, type RawAnswer, type RawRequest } from '../support/raw-request';

const JSON_TYPE = { 'content-type': 'application/json' };
const QUERY = 'query Bills($n: ID!) { customer(idType: "RUC", id: "80012345") { contract(number: $n) { dueDate } } }';
const BODY = JSON.stringify({ query: QUERY, variables: { n: '700100' } });
const DATA = { customer: { contract: { dueDate: '2025-07-15' } } };

describe('QUERY (RFC 10008)', () => {
  let gateway: Gateway;
  let bearer: { readonly authorization: string };
  beforeAll(async () => {
    gateway = await startGateway({ MAX_REQUEST_BYTES: '2000', CACHE_TTL_SECONDS: '600', NODE_ENV: 'development' });
    bearer = { authorization: `Bearer ${gateway.app.billingApi!.issueToken()}` };
  });
  afterAll(() => gateway.close());

  const ask = (request: Omit<RawRequest, 'path'> & { readonly path?: string }): Promise<RawAnswer> =>
    requestRaw(gateway.port, { path: '/graphql', method: 'QUERY', ...request });
  const parsed = ({ text }: RawAnswer) =>
    JSON.parse(text) as { data?: unknown; errors?: { message: string; extensions: { code: string } }[] };

  it('is a method that this version of Node reads', () => {
    expect(METHODS).toContain('QUERY');
  });

  it('is answered like a POST, on each path, and says that it may be sent again', async () => {
    const before = gateway.logLines.length;
    for (let i = 0; i < 2; i++) {
      const answer = await ask({ headers: { ...JSON_TYPE, ...bearer }, body: BODY });
      expect([answer.status, parsed(answer).data, answer.headers['accept-query']]).toEqual([200, DATA, 'application/json']);
    }
    const lines = gateway.logLines.slice(before).map((line) => JSON.parse(line) as { msg: string; path?: string });
    expect(lines.filter(({ msg }) => msg === 'operation').map(({ path }) => path)).toEqual(['reference', 'compiled']);
  });

  it.each(['gzip', 'x-unknown'])('may have a body of the coding gzip, not of another: %s', async (coding) => {
    const headers = { ...JSON_TYPE, ...bearer, 'content-encoding': coding };
    const answer = await toAnswer(await fetch(`${gateway.url}/graphql`, { method: 'QUERY', headers, body: gzipSync(BODY) }));
    expect([answer.status, answer.data, answer.headers.get('accept-encoding')]).toEqual(
      coding === 'gzip' ? [200, DATA, null] : [415, undefined, 'gzip, deflate, br'],
    );
  });

  it.each([
    ['no media type', {}, BODY, 400],
    ['a media type that a page can send without asking', { 'content-type': 'text/plain' }, BODY, 415],
    ['the media type of a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'query=1', 415],
    ['no body', JSON_TYPE, '', 400],
    ['a body that is not JSON', JSON_TYPE, '{', 400],
    ['a body without an operation', JSON_TYPE, '{}', 400],
    ['a batch', JSON_TYPE, `[${BODY}]`, 400],
    ['a body that is too large', JSON_TYPE, BODY.padEnd(2001), 413],
    ['a response that is not had', { ...JSON_TYPE, accept: 'text/html' }, BODY, 406],
  ])('with %s is refused as BAD_REQUEST', async (_what, headers, body, status) => {
    // What its URL says is not its operation.
    const path = '/graphql?query=%7B__typename%7D';
    const answer = await ask({ path, headers: { ...headers, ...bearer, 'content-length': Buffer.byteLength(body) }, body });
    expect([answer.status, answer.headers['accept-query']]).toEqual([status, 'application/json']);
    expect([parsed(answer).data, parsed(answer).errors?.[0]?.extensions.code]).toEqual([undefined, 'BAD_REQUEST']);
  });

  it('reads only: a mutation is refused', async () => {
    const answer = await ask({ headers: { ...JSON_TYPE, ...bearer }, body: JSON.stringify({ query: 'mutation { pay }' }) });
    expect([answer.status, parsed(answer).errors?.[0]?.extensions.code]).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
  });

  it('needs a token where a POST does', async () => {
    const answer = await ask({ headers: JSON_TYPE, body: BODY });
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer']);
  });

  it('is found by OPTIONS, by a GET, and by what a refused request is told', async () => {
    const told = async (request: RawRequest): Promise<unknown[]> => {
      const { status, headers } = await requestRaw(gateway.port, request);
      return [status, headers.allow, headers['accept-query']];
    };
    expect(await told({ method: 'OPTIONS', path: '/graphql' })).toEqual([204, 'GET, POST, QUERY', 'application/json']);
    expect(await told({ method: 'OPTIONS', path: '/graphql?x=1' })).toEqual([204, 'GET, POST, QUERY', 'application/json']);
    expect(await told({ path: '/graphql?query=%7B__typename%7D', headers: bearer })).toEqual([200, undefined, 'application/json']);
    expect(await told({ method: 'DELETE', path: '/graphql' })).toEqual([405, 'GET, POST, QUERY', 'application/json']);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(await told({ method: 'POST', path: '/graphql', headers: form, body: 'q=1' })).toEqual([415, undefined, 'application/json']);
  });

  it('is not found elsewhere', async () => {
    for (const path of ['/nothing', '/healthz']) {
      const answer = await ask({ path, headers: JSON_TYPE, body: BODY });
      expect([answer.status, answer.headers['accept-query']]).toEqual([404, undefined]);
    }
    expect((await requestRaw(gateway.port, { method: 'OPTIONS', path: '/healthz' })).headers.allow).toBeUndefined();
  });
});
