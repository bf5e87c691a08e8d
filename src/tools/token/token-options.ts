import { parseArgs } from 'node:util';

export const tokenHelp = `Asks a token endpoint for a token (OAuth 2.0 client credentials, RFC 6749 section 4.4), and prints the header to send
with GraphQL requests. The header alone goes to the standard output; everything else goes to the standard error.

Usage: npm run -s token -- [options]

  --url URL            BILLING_API_TOKEN_URL      the token endpoint; a query in it, such as the contract's
                                                  ?grant_type=client_credentials, is kept
                       BILLING_API_CLIENT_ID      required
                       BILLING_API_CLIENT_SECRET  required; from the environment only, where no list of processes shows it
  --scope SCOPE        BILLING_API_TOKEN_SCOPE    default read, the contract's; --scope '' asks for none
  --auth basic|form    BILLING_API_TOKEN_AUTH     where the client's id and secret go: HTTP Basic, or the form; default basic
  --json               {"Authorization":"Bearer ..."}, as the header editors of GraphiQL and Sandbox take it
  --help

An option wins over the environment. Such as:

  curl -s http://127.0.0.1:4000/graphql -H "$(npm run -s token)" -H 'Content-Type: application/json' -d '{"query":"..."}'`;

/** A command line or an environment that cannot be used, with every problem found. */
export class TokenUsageError extends Error {
  override readonly name = 'TokenUsageError';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** Where a client's id and secret go (RFC 6749 section 2.3.1): into HTTP Basic, which every server takes, or into the form. */
export type ClientAuthentication = 'basic' | 'form';

/** Everything that a token is asked for with. */
export interface TokenOptions {
  readonly url: URL;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Null: the server decides. */
  readonly scope: string | null;
  readonly auth: ClientAuthentication;
}

/** What the command line and the environment ask for. */
export interface TokenCommand extends TokenOptions {
  /** Whether the header is printed as JSON. */
  readonly json: boolean;
}

const flags = {
  url: { type: 'string' },
  scope: { type: 'string' },
  auth: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/** Reads the command line and the environment; throws a `TokenUsageError` with all problems at once. None of them quotes a secret. */
export function parseTokenCommand(args: readonly string[], env: Readonly<Record<string, string | undefined>>): TokenCommand | 'help' {
  const given = parseFlags(args);
  if (given.help === true) return 'help';

  const problems: string[] = [];
  // An empty variable counts as none: that is how a shell and an env file unset one.
  const read = (name: string): string | undefined => env[name] || undefined;
  const require = (name: string, what: string): string => {
    const value = read(name);
    if (value === undefined) problems.push(`${name} is missing: ${what}.`);
    return value ?? '';
  };
  const url = parseTokenUrl(given.url ?? read('BILLING_API_TOKEN_URL'), problems);
  const clientId = require('BILLING_API_CLIENT_ID', 'the id that the billing API knows your application by');
  const clientSecret = require('BILLING_API_CLIENT_SECRET', "the application's secret, in the environment and not on the command line");
  const auth = given.auth ?? read('BILLING_API_TOKEN_AUTH') ?? 'basic';
  if (auth !== 'basic' && auth !== 'form')
    problems.push(`--auth (BILLING_API_TOKEN_AUTH) must be basic or form, not ${JSON.stringify(auth)}.`);
  const scope = given.scope ?? read('BILLING_API_TOKEN_SCOPE') ?? 'read';
  if (url === null || problems.length > 0) throw new TokenUsageError(problems);
  return {
    url,
    clientId,
    clientSecret,
    scope: scope === '' ? null : scope,
    auth: auth === 'form' ? 'form' : 'basic',
    json: given.json === true,
  };
}

/** The address is not quoted where it is refused: it may hold what must not be in it. */
function parseTokenUrl(text: string | undefined, problems: string[]): URL | null {
  if (text === undefined) {
    problems.push(
      'BILLING_API_TOKEN_URL is missing: the address of the token endpoint, such as ' +
        'https://api.example/oauth/client_credential/accesstoken?grant_type=client_credentials. With the ' +
        'embedded billing API, the start prints it.',
    );
    return null;
  }
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    problems.push('BILLING_API_TOKEN_URL (--url) must be an address that starts with https:// or http://.');
    return null;
  }
  // RFC 6749 section 3.1: no fragment; section 2.3.1: no credentials in the address, where logs and histories keep them.
  if (url.hash !== '' || url.username !== '' || url.password !== '' || url.searchParams.has('client_secret')) {
    problems.push(
      'BILLING_API_TOKEN_URL (--url) must hold no user, password, client_secret or fragment: id and secret have variables of their own.',
    );
  }
  return url;
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new TokenUsageError([(error as Error).message]);
  }
}
