import type { FastifyInstance } from 'fastify';
import { readScope, type AccessTokens } from './access-tokens';
import { authenticateClient } from './client-credentials';
import type { Ledger } from '../data/ledger';
import { sendTokenFailure, TokenFailure, toTokenFailure } from '../errors/token-failure';

/** The path of the contract's token URL; its query, `grant_type=client_credentials`, is a parameter and not a part of it. */
export const tokenPath = '/oauth/client_credential/accesstoken';

export interface TokenEndpointOptions {
  readonly ledger: Ledger;
  readonly tokens: AccessTokens;
  readonly lifetimeSeconds: number;
}

/**
 * Adds the token endpoint: client credentials (RFC 6749 section 4.4), answers and errors of its section 5.
 * @param scope its own, because body parsing and the form of errors differ from the rest of the API.
 */
export function addTokenEndpoint(scope: FastifyInstance, options: TokenEndpointOptions): void {
  acceptForms(scope);
  scope.setErrorHandler((error, _request, reply) => sendTokenFailure(reply, toTokenFailure(error)));
  // RFC 6749 section 5.1: no cache may keep a token.
  scope.addHook('onRequest', (_request, reply, done) => {
    reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' });
    done();
  });

  scope.post(tokenPath, { bodyLimit: 16 * 1024 }, (request, reply) => {
    const parameters = parseParameters(request.url, request.body);
    const client = authenticateClient(request.headers.authorization, parameters, options.ledger);
    checkGrant(parameters);
    const token = options.tokens.issue({ clientId: client.clientId, expiresInSeconds: options.lifetimeSeconds, scope: readScope });
    return reply.send({ access_token: token, token_type: 'Bearer', expires_in: options.lifetimeSeconds, scope: readScope });
  });
  scope.route({
    method: ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    url: tokenPath,
    handler: () => {
      throw new TokenFailure('invalid_request', 'A token is asked for with POST (RFC 6749 section 3.2).', 405);
    },
  });
}

/** A body becomes its form parameters, or null where it is not a form; no body at all is allowed, for Basic needs none. */
function acceptForms(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, new URLSearchParams(body.toString())),
  );
  scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body.length === 0 ? undefined : null));
}

/**
 * The parameters of query and form together. The contract puts `grant_type` into the token URL's query and OAuth
 * libraries put it into the form, so the same value in both is fine.
 */
function parseParameters(url: string, body: unknown): ReadonlyMap<string, string> {
  if (body === null) throw new TokenFailure('invalid_request', 'The body must be application/x-www-form-urlencoded.');
  const mark = url.indexOf('?');
  const query = parseOnce(new URLSearchParams(mark < 0 ? '' : url.slice(mark)));
  // RFC 6749 section 2.3.1: credentials MUST NOT be in the address, where logs and histories keep them.
  if (query.has('client_secret')) throw new TokenFailure('invalid_request', 'client_secret must not be in the address.');

  const form = body instanceof URLSearchParams ? parseOnce(body) : new Map<string, string>();
  for (const [name, value] of query) {
    if ((form.get(name) ?? value) !== value) throw new TokenFailure('invalid_request', `${name} differs between the address and the form.`);
  }
  return new Map([...query, ...form]);
}

/** RFC 6749 section 3.2: a parameter without a value counts as omitted, and none may be repeated. */
function parseOnce(parameters: URLSearchParams): Map<string, string> {
  const once = new Map<string, string>();
  for (const [name, value] of parameters) {
    if (once.has(name)) throw new TokenFailure('invalid_request', 'A parameter must not be repeated.');
    if (value !== '') once.set(name, value);
  }
  return once;
}

function checkGrant(parameters: ReadonlyMap<string, string>): void {
  const grantType = parameters.get('grant_type');
  if (grantType === undefined) throw new TokenFailure('invalid_request', 'grant_type is required.');
  if (grantType !== 'client_credentials') throw new TokenFailure('unsupported_grant_type', 'grant_type must be client_credentials.');
  const scopes = (parameters.get('scope') ?? readScope).split(' ');
  if (scopes.some((scope) => scope !== readScope)) throw new TokenFailure('invalid_scope', `The only scope is ${readScope}.`);
}
