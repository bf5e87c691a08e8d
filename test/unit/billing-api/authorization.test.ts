import { createHmac, generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { createBillingApi, type BillingApi } from '../../../src/billing-api/billing-api';
import { getBills } from '../../support/bills-request';
import { requestRaw, type RawAnswer } from '../../support/raw-request';

const secret = 'a signing secret of 32 bytes or more';
const now = Math.floor(Date.now() / 1000);
const goodClaims = { iss: 'billing-api', sub: 'gateway-demo', scope: 'read', iat: now, exp: now + 60 };

function sign(header: object, claims: object, key = secret): string {
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

function expectRefusal(answer: RawAnswer, challenge: string): void {
  expect(answer.status).toBe(401);
  expect(answer.headers['www-authenticate']).toBe(challenge);
  expect(JSON.parse(answer.text)).toEqual({ error: { code: 'UNAUTHORIZED', message: expect.any(String) } });
}

const invalid = 'Bearer realm="billing", error="invalid_token", error_description="The access token is not valid."';

describe('Authorization', () => {
  let api: BillingApi;
  beforeAll(async () => {
    api = await createBillingApi({ signingSecret: secret });
  });
  afterAll(() => api.close());

  const ask = (authorization?: string) =>
    requestRaw(api.port, {
      path: '/customers/RUC/80012345/bills?contractNumber=700100',
      headers: authorization === undefined ? {} : { authorization },
    });

  it.each(['Bearer', 'bearer', 'BEARER'])('takes a token under the scheme %s', async (scheme) => {
    expect((await ask(`${scheme} ${api.issueToken()}`)).status).toBe(200);
  });

  it('takes a token that any JWT library signed with its secret', async () => {
    const token = await new SignJWT({ scope: 'write read' })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer('billing-api')
      .setSubject('gateway-demo')
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(Buffer.from(secret));
    expect((await ask(`Bearer ${token}`)).status).toBe(200);
  });

  it.each([
    ['no Authorization header', undefined],
    ['another scheme', 'Basic Z2F0ZXdheS1kZW1vOng='],
    ['a bare token', 'abc.def.ghi'],
  ])('answers 401 with a challenge that names no error to a request with %s', async (_case, authorization) => {
    expectRefusal(await ask(authorization), 'Bearer realm="billing"');
  });

  it.each(['Bearer', 'Bearer ', 'Bearer two words', 'Bearer a,b', 'Bearer "quoted"'])(
    'refuses the malformed header %j',
    async (authorization) => {
      expectRefusal(
        await ask(authorization),
        'Bearer realm="billing", error="invalid_token", error_description="The access token is malformed."',
      );
    },
  );

  it('says of an expired token that it has expired', async () => {
    expectRefusal(
      await getBills(api, { query: 'contractNumber=700100', token: api.issueToken({ expiresInSeconds: -1 }) }),
      'Bearer realm="billing", error="invalid_token", error_description="The access token has expired."',
    );
  });

  it.each(['', 'write', 'readers', 'READ'])('refuses a token with the scope %j and names the scope it needs', async (scope) => {
    expectRefusal(
      await ask(`Bearer ${api.issueToken({ scope })}`),
      'Bearer realm="billing", error="insufficient_scope", error_description="The access token lacks the scope read.", scope="read"',
    );
  });

  it('takes a token signed by hand, so that the refusals below are not refusals of the hand', async () => {
    expect((await ask(`Bearer ${sign({ alg: 'HS256', typ: 'JWT' }, goodClaims)}`)).status).toBe(200);
  });

  it.each([
    ['signed with another secret', () => sign({ alg: 'HS256', typ: 'JWT' }, goodClaims, 'another secret of 32 bytes or more!')],
    ['without a signature', () => `${sign({ alg: 'none', typ: 'JWT' }, goodClaims).split('.').slice(0, 2).join('.')}.`],
    ['that says alg none over a good signature', () => sign({ alg: 'none', typ: 'JWT' }, goodClaims)],
    ['that says another HMAC', () => sign({ alg: 'HS512', typ: 'JWT' }, goodClaims)],
    ['that demands an extension', () => sign({ alg: 'HS256', typ: 'JWT', crit: ['x'], x: 1 }, goodClaims)],
    ['of another type', () => sign({ alg: 'HS256', typ: 'logout+jwt' }, goodClaims)],
    ['of another issuer', () => sign({ alg: 'HS256', typ: 'JWT' }, { ...goodClaims, iss: 'someone' })],
    ['that never expires', () => sign({ alg: 'HS256', typ: 'JWT' }, { ...goodClaims, exp: undefined })],
    ['whose expiry is a text', () => sign({ alg: 'HS256', typ: 'JWT' }, { ...goodClaims, exp: '9999999999' })],
    ['without a client', () => sign({ alg: 'HS256', typ: 'JWT' }, { ...goodClaims, sub: undefined })],
    ['of a client that does not exist', () => api.issueToken({ clientId: 'nobody' })],
    ['with a changed claim', () => swapClaims(api.issueToken(), { ...goodClaims, sub: 'portal-demo' })],
    ['that is not a JWT', () => 'abc'],
  ])('refuses a token %s', async (_case, token) => {
    expectRefusal(await ask(`Bearer ${token()}`), invalid);
  });

  it('refuses a token signed with a private key', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const token = await new SignJWT(goodClaims).setProtectedHeader({ alg: 'RS256', typ: 'JWT' }).sign(privateKey);
    expectRefusal(await ask(`Bearer ${token}`), invalid);
  });

  it('refuses the tokens of another start, whose secret was another', async () => {
    const other = await createBillingApi();
    const token = other.issueToken();
    await other.close();
    expectRefusal(await ask(`Bearer ${token}`), invalid);
  });

  it('looks at the token before it looks at anything else', async () => {
    expect((await requestRaw(api.port, { path: '/customers/RUC/none/bills' })).status).toBe(401);
  });

  it('will not start with a secret that is shorter than the hash', async () => {
    await expect(createBillingApi({ signingSecret: 'short' })).rejects.toThrow('signingSecret must have at least 32 bytes');
  });
});

function swapClaims(token: string, claims: object): string {
  const [header, , signature] = token.split('.');
  return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
}
