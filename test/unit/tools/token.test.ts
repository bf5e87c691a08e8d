import { createBillingApi } from '../../../src/billing-api/billing-api';
import { toHeaderLine, toTokenNote } from '../../../src/tools/token';
import { parseTokenCommand, tokenHelp, TokenUsageError, type TokenOptions } from '../../../src/tools/token/token-options';
import { requestToken, TokenRefusal } from '../../../src/tools/token/token-request';
import { startScriptedTokenEndpoint, type ScriptedTokenEndpoint, type TokenScript } from '../../support/scripted-token-endpoint';

const SECRET = 'top/secret: 100%';
const ENVIRONMENT = {
  BILLING_API_TOKEN_URL: 'https://api.example/token',
  BILLING_API_CLIENT_ID: 'portal',
  BILLING_API_CLIENT_SECRET: SECRET,
};

function problemsOf(args: string[], env: Record<string, string> = ENVIRONMENT): readonly string[] {
  try {
    parseTokenCommand(args, env);
  } catch (error) {
    if (error instanceof TokenUsageError) return error.problems;
    throw error;
  }
  return [];
}

function toOptions(url: string, others: Partial<TokenOptions> = {}): TokenOptions {
  return { url: new URL(url), clientId: 'portal', clientSecret: SECRET, scope: 'read', auth: 'basic', ...others };
}

/** What the tool says where there is no token. */
async function refusalOf(asked: Promise<unknown>): Promise<string> {
  const error: unknown = await asked.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TokenRefusal);
  return (error as TokenRefusal).message;
}

describe('The settings of the command token', () => {
  it('come from the environment, with the scope of the contract and HTTP Basic unless they say otherwise', () => {
    expect(parseTokenCommand([], ENVIRONMENT)).toEqual({
      url: new URL('https://api.example/token'),
      clientId: 'portal',
      clientSecret: SECRET,
      scope: 'read',
      auth: 'basic',
      json: false,
    });
    const others = { BILLING_API_TOKEN_SCOPE: 'bills:read', BILLING_API_TOKEN_AUTH: 'form' };
    expect(parseTokenCommand(['--json'], { ...ENVIRONMENT, ...others })).toMatchObject({ scope: 'bills:read', auth: 'form', json: true });
  });

  it('come from the command line before the environment', () => {
    const args = ['--url', 'https://other.example/t?grant_type=client_credentials', '--scope', '', '--auth', 'form'];
    expect(parseTokenCommand(args, { ...ENVIRONMENT, BILLING_API_TOKEN_SCOPE: 'x', BILLING_API_TOKEN_AUTH: 'basic' })).toMatchObject({
      url: new URL(args[1]!),
      scope: null,
      auth: 'form',
    });
  });

  it('are named all at once where they are missing', () => {
    expect(problemsOf([], { BILLING_API_CLIENT_SECRET: '' })).toEqual(
      ['TOKEN_URL', 'CLIENT_ID', 'CLIENT_SECRET'].map((name): unknown => expect.stringContaining(`BILLING_API_${name} is missing`)),
    );
  });

  it.each([
    ['an address that is none', 'api.example/token'],
    ['another scheme', 'ftp://api.example/token'],
    ['a password in the address', `https://portal:${encodeURIComponent(SECRET)}@api.example/token`],
    ['the secret in the query', `https://api.example/token?client_secret=${encodeURIComponent(SECRET)}`],
  ])('are refused for %s, which is not repeated', (_what, url) => {
    const problems = problemsOf(['--url', url]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).not.toContain(url);
  });

  it.each([
    [['--auth', 'digest'], /basic or form, not "digest"/],
    [['--secret', 'x'], /--secret/],
    [['extra'], /extra/],
  ])('are refused for %j', (args, message) => {
    expect(problemsOf(args)).toEqual([expect.stringMatching(message)]);
  });

  it('are all in the help', () => {
    expect(parseTokenCommand(['--help'], {})).toBe('help');
    for (const name of [
      '--url',
      '--scope',
      '--auth',
      '--json',
      ...Object.keys(ENVIRONMENT),
      'BILLING_API_TOKEN_SCOPE',
      'BILLING_API_TOKEN_AUTH',
    ])
      expect(tokenHelp).toContain(name);
  });
});

describe('The command token', () => {
  it.each(['basic', 'form'] as const)(
    'gets a token of the embedded billing API that its bills take, with its credentials by %s',
    async (auth) => {
      const api = await createBillingApi();
      try {
        const granted = await requestToken({
          url: new URL(api.tokenUrl),
          clientId: api.clientId,
          clientSecret: api.clientSecret,
          scope: 'read',
          auth,
        });
        const bills = await fetch(`${api.url}/customers/RUC/80012345/bills?contractNumber=700100`, {
          headers: { authorization: granted.authorization },
        });
        expect([bills.status, granted.expiresInSeconds]).toEqual([200, 3600]);
      } finally {
        await api.close();
      }
    },
  );

  it('gets one for an id and a secret of any characters', async () => {
    const client = { clientId: 'o:hara & söhne', clientSecret: SECRET, mayRead: 'all' as const };
    const api = await createBillingApi({ clients: [client] });
    try {
      for (const auth of ['basic', 'form'] as const)
        await expect(requestToken({ ...client, url: new URL(api.tokenUrl), scope: null, auth })).resolves.toMatchObject({
          expiresInSeconds: 3600,
        });
    } finally {
      await api.close();
    }
  });

  it('prints the header as curl takes it, or as JSON, and says for how long it is good', () => {
    const granted = { authorization: 'Bearer abc', expiresInSeconds: 3600 };
    expect([toHeaderLine(granted, false), toHeaderLine(granted, true)]).toEqual([
      'Authorization: Bearer abc',
      '{"Authorization":"Bearer abc"}',
    ]);
    const url = new URL('https://api.example/token');
    expect([3600, 59, 86_400, undefined].map((expiresInSeconds) => toTokenNote({ ...granted, expiresInSeconds }, { url }))).toEqual([
      'It is good for 60 minutes.',
      'It is good for 59 seconds.',
      'It is good for 24 hours.',
      'The server does not say for how long it is good.',
    ]);
  });

  it('warns of a secret that went unencrypted past this machine', () => {
    const noteFor = (url: string): string => toTokenNote({ authorization: 'Bearer abc', expiresInSeconds: 1 }, { url: new URL(url) });
    expect(noteFor('http://api.example/token')).toContain('unencrypted to api.example');
    for (const url of ['https://api.example/', 'http://127.0.0.1:4010/', 'http://localhost/', 'http://[::1]:1/'])
      expect(noteFor(url)).not.toContain('unencrypted');
  });
});

describe('The command token, at a token endpoint of another make', () => {
  let endpoint: ScriptedTokenEndpoint;
  const GOOD = { access_token: 'abc.def', token_type: 'Bearer' };
  const at = (script: TokenScript): void => endpoint.setScript(script);
  beforeAll(async () => {
    endpoint = await startScriptedTokenEndpoint();
  });
  afterAll(() => endpoint.close());

  it('sends the grant in the form, as RFC 6749 has it, or where the address already has it, and never in both', async () => {
    at({ body: GOOD });
    await requestToken(toOptions(`${endpoint.url}/token`));
    await requestToken(toOptions(`${endpoint.url}/token?grant_type=client_credentials`, { scope: null, auth: 'form' }));
    const [rfc, contract] = endpoint.requests.slice(-2);
    expect(rfc).toMatchObject({ method: 'POST', url: '/token', form: { grant_type: 'client_credentials', scope: 'read' } });
    expect(rfc!.headers).toMatchObject({
      'content-type': expect.stringMatching(/^application\/x-www-form-urlencoded/),
      accept: 'application/json',
    });
    // RFC 6749 section 2.3.1: form-encoded, then joined.
    expect(Buffer.from(rfc!.headers.authorization!.replace('Basic ', ''), 'base64').toString()).toBe('portal:top%2Fsecret%3A+100%25');
    expect(contract).toMatchObject({ url: '/token?grant_type=client_credentials', form: { client_id: 'portal', client_secret: SECRET } });
    expect(contract!.headers.authorization).toBeUndefined();
  });

  it.each([
    ['in lower case', { ...GOOD, token_type: 'bearer', expires_in: 60 }, 60],
    ['of Apigee, with a life that is text', { ...GOOD, token_type: 'BearerToken', expires_in: '3599' }, 3599],
    ['without a type or a life', { access_token: 'abc.def' }, undefined],
  ])('takes a token %s', async (_what, body, expiresInSeconds) => {
    at({ body });
    await expect(requestToken(toOptions(endpoint.url))).resolves.toEqual({ authorization: 'Bearer abc.def', expiresInSeconds });
  });

  it.each<[string, TokenScript, RegExp]>([
    [
      'the client is refused',
      { status: 401, body: { error: 'invalid_client', error_description: 'Unknown client.' } },
      /HTTP 401, invalid_client: Unknown client\.\n.*BILLING_API_CLIENT_ID.*--auth form/,
    ],
    [
      'it is refused without a reason',
      { status: 401, body: '', type: 'text/plain' },
      /HTTP 401 and an empty body\.\n.*BILLING_API_CLIENT_ID/,
    ],
    [
      'Apigee refuses',
      { status: 401, body: { ErrorCode: 'invalid_client', Error: 'ClientId is Invalid' } },
      /invalid_client: ClientId is Invalid.*\n.*BILLING_API_CLIENT_ID/,
    ],
    [
      "Apigee's own fault is told",
      { status: 500, body: { fault: { faultstring: 'Something broke', detail: { errorcode: 'oauth.v2.Broken' } } } },
      /HTTP 500, oauth\.v2\.Broken: Something broke/,
    ],
    ['the scope is refused', { status: 400, body: { error: 'invalid_scope' } }, /HTTP 400, invalid_scope\.\n.*--scope/],
    [
      'the grant is not known',
      { status: 400, body: { error: 'unsupported_grant_type' } },
      /unsupported_grant_type\.\n.*grant_type=client_credentials/,
    ],
    [
      'there is a page',
      { body: '<html>Sign in</html>', type: 'text/html; charset=utf-8' },
      /not a JSON object but text\/html\. Is the address/,
    ],
    ['there is JSON of something else', { body: { status: 'ok' } }, /JSON without an access_token/],
    ['there is a list', { body: [GOOD] }, /not a JSON object/],
    ['the token is not a bearer token', { body: { ...GOOD, token_type: 'mac' } }, /not a bearer token/],
    ['the token has a line break in it', { body: { ...GOOD, access_token: 'abc\r\nX-Other: 1' } }, /characters that no bearer token has/],
    [
      'nobody is there',
      { status: 404, body: 'not found', type: 'text/plain' },
      /HTTP 404 and text\/plain\.\nThere is no token endpoint at http:\/\/127\.0\.0\.1:\d+\/token\./,
    ],
    ['the server fails', { status: 503, body: '', type: 'text/plain' }, /HTTP 503 .*\nTry again later/],
    [
      'the connection is cut',
      { reset: true },
      /no connection to the token endpoint at http:\/\/127\.0\.0\.1:\d+ \((?:ECONNRESET|UND_ERR_SOCKET)\)/,
    ],
  ])('says so where %s, and what to do', async (_what, script, message) => {
    at(script);
    expect(await refusalOf(requestToken(toOptions(`${endpoint.url}/token`)))).toMatch(message);
  });

  it('says so where nothing listens', async () => {
    const gone = await startScriptedTokenEndpoint();
    await gone.close();
    expect(await refusalOf(requestToken(toOptions(gone.url)))).toMatch(/ECONNREFUSED.*Is the address right/);
  });

  it('says so where there is no answer in time, or no end of one', async () => {
    for (const script of [{ silent: true }, { endless: true, slow: true }]) {
      at(script);
      expect(await refusalOf(requestToken(toOptions(endpoint.url), 100))).toMatch(/did not answer within 0\.1 seconds/);
    }
  });

  it('does not carry the secret along a redirect', async () => {
    const elsewhere = await startScriptedTokenEndpoint();
    at({ status: 307, body: '', headers: { location: `${elsewhere.url}/elsewhere?code=1` } });
    const message = await refusalOf(requestToken(toOptions(endpoint.url)));
    expect(message).toContain(`redirects to ${elsewhere.url}/elsewhere, which is not followed`);
    expect(elsewhere.requests).toEqual([]);
    await elsewhere.close();
  });

  it('reads no answer without an end', async () => {
    at({ endless: true });
    expect(await refusalOf(requestToken(toOptions(endpoint.url)))).toMatch(/not a JSON object/);
  });

  it('never prints the secret, whatever the server repeats, nor what a terminal would act on', async () => {
    const forms = [SECRET, encodeURIComponent(SECRET), Buffer.from(SECRET).toString('base64')];
    at({ status: 400, body: { error: 'invalid_request', error_description: `\u001b[31mGot ${forms.join(' and ')}\u0007` } });
    const message = await refusalOf(requestToken(toOptions(endpoint.url)));
    expect(message).toContain('Got [secret] and [secret] and [secret]');
    expect(message.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    for (const form of forms) expect(message).not.toContain(form);
  });
});
