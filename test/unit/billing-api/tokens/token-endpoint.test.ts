import { decodeJwt, decodeProtectedHeader } from 'jose';
import { createBillingApi, type BillingApi } from '../../../../src/billing-api/billing-api';
import { getBills } from '../../../support/bills-request';
import { requestRaw } from '../../../support/raw-request';

const path = '/oauth/client_credential/accesstoken';
const basic = (id: string, secret: string) => ({ authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` });
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const good = basic('gateway-demo', 'gateway-demo-secret');

describe('The token endpoint', () => {
  let api: BillingApi;
  beforeAll(async () => {
    api = await createBillingApi({ tokenLifetimeSeconds: 120 });
  });
  afterAll(() => api.close());

  const post = (query: string, headers: Record<string, string> = {}, body?: string) =>
    requestRaw(api.port, { method: 'POST', path: `${path}${query}`, headers, ...(body === undefined ? {} : { body }) });

  it.each([
    ['HTTP Basic, with grant_type in the address as the contract has it', '?grant_type=client_credentials', good, undefined],
    ['HTTP Basic, with grant_type in the form', '', { ...good, ...form }, 'grant_type=client_credentials'],
    ['id and secret in the form', '', form, 'grant_type=client_credentials&client_id=gateway-demo&client_secret=gateway-demo-secret'],
    ['grant_type in both places', '?grant_type=client_credentials', { ...good, ...form }, 'grant_type=client_credentials'],
    ['HTTP Basic, with its own id again in the form', '', { ...good, ...form }, 'grant_type=client_credentials&client_id=gateway-demo'],
    ['the scope read', '?grant_type=client_credentials&scope=read', good, undefined],
    ['parameters without a value, which count as omitted', '?grant_type=client_credentials&scope=', { ...good, ...form }, 'client_secret='],
  ])('gives a token for %s', async (_case, query, headers, body) => {
    const answer = await post(query, headers, body);
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'cache-control': 'no-store',
      pragma: 'no-cache',
      'content-type': 'application/json; charset=utf-8',
    });
    expect(JSON.parse(answer.text)).toEqual({ access_token: expect.any(String), token_type: 'Bearer', expires_in: 120, scope: 'read' });
  });

  it('gives a signed JWT that names the client, the scope and its end, and opens the bills', async () => {
    const { access_token: token } = JSON.parse(
      (
        await requestRaw(api.port, {
          method: 'POST',
          path: new URL(api.tokenUrl).pathname + new URL(api.tokenUrl).search,
          headers: basic(api.clientId, api.clientSecret),
        })
      ).text,
    ) as { access_token: string };
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', typ: 'JWT' });
    const claims = decodeJwt(token);
    expect(claims).toEqual({ iss: 'billing-api', sub: 'gateway-demo', scope: 'read', iat: expect.any(Number), exp: claims.iat! + 120 });
    expect((await getBills(api, { query: 'contractNumber=700100', token })).status).toBe(200);
  });

  it('reads id and secret out of HTTP Basic form-decoded, as RFC 6749 section 2.3.1 says', async () => {
    const other = await createBillingApi({ clients: [{ clientId: 'a:b', clientSecret: 'p+q %', mayRead: 'all' }] });
    const answer = await requestRaw(other.port, {
      method: 'POST',
      path: `${path}?grant_type=client_credentials`,
      headers: basic('a%3Ab', 'p%2Bq+%25'),
    });
    await other.close();
    expect(answer.status).toBe(200);
  });

  it.each<[string, string, Parameters<typeof post>]>([
    ['no grant_type', 'invalid_request', ['', good]],
    ['a repeated parameter', 'invalid_request', ['?grant_type=client_credentials&grant_type=client_credentials', good]],
    [
      'another grant_type in the form than in the address',
      'invalid_request',
      ['?grant_type=client_credentials', { ...good, ...form }, 'grant_type=password'],
    ],
    [
      'a secret in the address',
      'invalid_request',
      ['?grant_type=client_credentials&client_id=gateway-demo&client_secret=gateway-demo-secret', {}],
    ],
    [
      'two ways to authenticate',
      'invalid_request',
      ['', { ...good, ...form }, 'grant_type=client_credentials&client_id=gateway-demo&client_secret=gateway-demo-secret'],
    ],
    ['two clients', 'invalid_request', ['', { ...good, ...form }, 'grant_type=client_credentials&client_id=portal-demo']],
    ['a JSON body', 'invalid_request', ['', { ...good, 'content-type': 'application/json' }, '{"grant_type":"client_credentials"}']],
    ['another grant', 'unsupported_grant_type', ['?grant_type=authorization_code', good]],
    ['a scope that is not offered', 'invalid_scope', ['?grant_type=client_credentials&scope=read+write', good]],
  ])('answers 400 to a request with %s', async (_case, error, request) => {
    const answer = await post(...request);
    expect(answer.status).toBe(400);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(JSON.parse(answer.text)).toEqual({ error, error_description: expect.any(String) });
  });

  it.each([
    ['no client authentication', {}, undefined],
    ['a wrong secret', basic('gateway-demo', 'wrong'), undefined],
    ['the secret of another client', basic('gateway-demo', 'portal-demo-secret'), undefined],
    ['an unknown client', basic('nobody', ''), undefined],
    ['an id without a secret', form, 'client_id=gateway-demo'],
    ['a wrong secret in the form', form, 'client_id=gateway-demo&client_secret=wrong'],
    ['another scheme', { authorization: 'Bearer abc' }, undefined],
    ['Basic without a colon', { authorization: 'Basic YWJj' }, undefined],
    ['Basic that is not form-encoded', basic('gateway-demo', '%E0%A4%A'), undefined],
  ])('answers 401 with a challenge to %s', async (_case, headers, body) => {
    const answer = await post('?grant_type=client_credentials', headers, body);
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Basic realm="billing", charset="UTF-8"');
    expect(JSON.parse(answer.text).error).toBe('invalid_client');
  });

  it('answers GET with 405, because a token is asked for with POST only', async () => {
    const answer = await requestRaw(api.port, { path: `${path}?grant_type=client_credentials`, headers: good });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('POST');
    expect(JSON.parse(answer.text).error).toBe('invalid_request');
  });

  it('refuses a body that is larger than any token request', async () => {
    const answer = await post('', { ...good, ...form }, `grant_type=${'x'.repeat(20_000)}`);
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.text).error).toBe('invalid_request');
  });
});
