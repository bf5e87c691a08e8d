import { Caller } from '../../billing/model/caller';
import { readTokenAnswer, type TokenAnswer } from './token-answer';
import type { TokenOptions } from './token-options';

/** Why there is no token, and what to do about it. Never holds the secret. */
export class TokenRefusal extends Error {
  override readonly name = 'TokenRefusal';
}

/** A token, and for how long it is good. */
export interface GrantedToken {
  /** The header's value: `Bearer …`, as the gateway and the billing API take it. */
  readonly authorization: string;
  /** Undefined where the server does not say. */
  readonly expiresInSeconds: number | undefined;
}

/** No token is as long; more is a page, and not an answer of this protocol. */
const MAX_BODY_BYTES = 64 * 1024;

/**
 * Asks the token endpoint with the client's own id and secret (RFC 6749 section 4.4.2).
 * Rejects with a `TokenRefusal` whatever goes wrong on the way.
 */
export async function requestToken(options: TokenOptions, timeoutMs = 15_000): Promise<GrantedToken> {
  const answer = await ask(options, timeoutMs);
  if (answer.status !== 200) throw new TokenRefusal(toRefusal(answer, options));
  return toGranted(answer);
}

async function ask(options: TokenOptions, timeoutMs: number): Promise<TokenAnswer> {
  const { headers, form } = toRequest(options);
  try {
    // Redirects are not followed: one would carry the secret to an address that was not configured.
    const response = await fetch(options.url, {
      method: 'POST',
      headers,
      body: form,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await readText(response);
    return readTokenAnswer(
      { status: response.status, contentType: response.headers.get('content-type'), location: response.headers.get('location'), text },
      options.clientSecret,
    );
  } catch (error) {
    throw new TokenRefusal(toConnectionMessage(error, options.url, timeoutMs));
  }
}

async function readText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Not to its end where it has none: leaving the loop closes the connection.
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    if ((bytes += chunk.length) > MAX_BODY_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function toRequest({ url, clientId, clientSecret, scope, auth }: TokenOptions): { headers: Record<string, string>; form: URLSearchParams } {
  const form = new URLSearchParams();
  // The contract has the grant in the address, RFC 6749 in the form; in both it would be there twice, which section 3.2 forbids.
  if (!url.searchParams.has('grant_type')) form.set('grant_type', 'client_credentials');
  if (scope !== null && !url.searchParams.has('scope')) form.set('scope', scope);
  const headers: Record<string, string> = { accept: 'application/json' };
  if (auth === 'form') {
    form.set('client_id', clientId);
    form.set('client_secret', clientSecret);
  } else {
    // Section 2.3.1: each is form-encoded before they are joined, so that an id may hold a colon.
    headers['authorization'] = `Basic ${Buffer.from([clientId, clientSecret].map(toFormText).join(':')).toString('base64')}`;
  }
  return { headers, form };
}

function toFormText(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}

function toGranted({ members, contentType }: TokenAnswer): GrantedToken {
  if (!members) throw new TokenRefusal(`The answer is not a JSON object but ${contentType}. Is the address that of the token endpoint?`);
  const { access_token: token, token_type: type, expires_in: expiresIn } = members;
  if (typeof token !== 'string' || token === '')
    throw new TokenRefusal('The answer is JSON without an access_token. Is the address that of the token endpoint?');
  // Section 5.1 demands a type; Apigee, whose addresses look like the contract's, says "BearerToken", and some say nothing.
  if (type !== undefined && !(typeof type === 'string' && /^bearer(?:token)?$/i.test(type)))
    throw new TokenRefusal('The token is not a bearer token, and the billing API takes no other.');
  const caller = Caller.parse(`Bearer ${token}`);
  if (!caller)
    throw new TokenRefusal(
      'The access_token holds characters that no bearer token has (RFC 6750 section 2.1), so that no server would take it.',
    );
  const seconds = typeof expiresIn === 'string' && expiresIn !== '' ? Number(expiresIn) : expiresIn;
  return {
    authorization: caller.authorization,
    expiresInSeconds: typeof seconds === 'number' && Number.isFinite(seconds) ? seconds : undefined,
  };
}

/** What the errors of RFC 6749 section 5.2 come to for who typed the command. */
const HINTS: Readonly<Record<string, string>> = {
  invalid_client:
    'Check BILLING_API_CLIENT_ID and BILLING_API_CLIENT_SECRET. Where they are right, the server may want them in the form: --auth form.',
  invalid_request:
    "The server may want the client's id and secret in the form (--auth form), or the grant in the " +
    'address (?grant_type=client_credentials).',
  invalid_scope: "Ask for a scope that the client may have (--scope SCOPE), or for none in particular (--scope '').",
  unauthorized_client: 'The client may not use client credentials: its registration has to be changed.',
  unsupported_grant_type: 'The address is not an endpoint for client credentials, or wants ?grant_type=client_credentials in it.',
};

function toRefusal({ status, members, contentType, error, description, location }: TokenAnswer, { url, auth }: TokenOptions): string {
  if (status >= 300 && status < 400)
    return (
      `The token endpoint redirects${location === null ? '' : ` to ${location}`}, which is not followed: ` +
      `it would carry the secret along. Set the address where the endpoint really is.`
    );
  const said = [error, description].filter((text) => text !== null).join(': ');
  const what =
    `The token endpoint refused with HTTP ${status}${said === '' ? (members ? '' : ` and ${contentType}`) : `, ${said.replace(/\.$/, '')}`}` +
    `.`;
  if (error !== null && Object.hasOwn(HINTS, error)) return `${what}\n${HINTS[error] ?? ''}`;
  if (status === 401) return `${what}\n${HINTS['invalid_client'] ?? ''}`;
  if (status === 404 || status === 405) return `${what}\nThere is no token endpoint at ${url.origin}${url.pathname}.`;
  if (status === 415) return `${what}\nIt takes no form, so it is not a token endpoint of OAuth 2.0.`;
  if (status >= 500) return `${what}\nTry again later.`;
  const sent = auth === 'basic' ? 'by HTTP Basic; --auth form sends it in the form' : 'in the form; --auth basic sends it by HTTP Basic';
  return `${what}\nThe client was sent ${sent}.`;
}

function toConnectionMessage(error: unknown, url: URL, timeoutMs: number): string {
  const where = `${url.protocol}//${url.host}`;
  const { name, cause } = error as Error & { cause?: { readonly code?: unknown } };
  if (name === 'TimeoutError') return `The token endpoint at ${where} did not answer within ${timeoutMs / 1000} seconds.`;
  const code = typeof cause?.code === 'string' ? cause.code : 'no reason given';
  return `There is no connection to the token endpoint at ${where} (${code}). Is the address right, and does the server run?`;
}
