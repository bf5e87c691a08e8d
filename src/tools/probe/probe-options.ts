import { parseArgs } from 'node:util';
import { readSecret } from '../../config/read-settings';

export const probeHelp = `Asks a billing API about a dozen harmless questions (GET only), and reports how it differs from the contract. It prints no
customer data: no values of members, no ids, no token.

Usage: npm run -s contract:probe -- --url URL --id-type TYPE --id ID --contract NUMBER [options]
       npm run -s contract:probe -- --recorded FOLDER [options]

  --url URL               BILLING_API_URL         base address of the billing API
                          BILLING_API_TOKEN       the access token, or BILLING_API_TOKEN_FILE: a file that holds it. There is
                                                  no option for it, since every user of the machine sees the process list
  --id-type, --id         a customer that the token may read
  --contract              one of the customer's contracts, with at least five invoices
  --recorded FOLDER       reads recorded responses instead of asking; see docs/contract-probe.md for their form
  --parameters NAMES      names of the place and the quantity, such as offset,limit; by default pageInit,quantity and then
                          other usual names are tried
  --extra NAME=VALUE      a further parameter of every request; may be repeated
  --status TEXT=BOOLEAN   a text of invoiceStatus and what it stands for, such as CA=true; may be repeated
  --timeout-ms NUMBER     how long one question may take; default 15000
  --help

Exit code 0: a report was made. 1: it could not be made.`;

/** A command line or an environment that cannot be used, with every problem found. */
export class ProbeUsageError extends Error {
  override readonly name = 'ProbeUsageError';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** Names of the parameters that choose a window. */
export interface WindowParameters {
  readonly pageInit: string;
  readonly quantity: string;
}

/** What the billing API is asked with. */
export interface ProbeTarget {
  readonly url: URL;
  readonly token: string;
  readonly idType: string;
  readonly id: string;
  readonly contractNumber: string;
  readonly timeoutMs: number;
}

/** What the probe is given about the deployment. */
export interface ProbeHints {
  /** Null: usual names are tried. */
  readonly parameters: WindowParameters | null;
  readonly extraParameters: Readonly<Record<string, string>>;
  readonly statusValues: Readonly<Record<string, boolean>>;
}

/** What the command line and the environment ask for. */
export interface ProbeCommand {
  /** An API to ask, or the folder of the recorded responses. */
  readonly source: ProbeTarget | string;
  readonly hints: ProbeHints;
}

const flags = {
  url: { type: 'string' },
  'id-type': { type: 'string' },
  id: { type: 'string' },
  contract: { type: 'string' },
  recorded: { type: 'string' },
  parameters: { type: 'string' },
  extra: { type: 'string', multiple: true },
  status: { type: 'string', multiple: true },
  'timeout-ms': { type: 'string' },
  help: { type: 'boolean' },
} as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the command line and the environment; throws a `ProbeUsageError` with all problems at once. None of them quotes a value. */
export function parseProbeCommand(args: readonly string[], env: Environment): ProbeCommand | 'help' {
  const given = parseFlags(args);
  if (given.help === true) return 'help';
  const problems: string[] = [];
  const hints = toHints(given, problems);
  const source = given.recorded ?? toTarget(given, env, problems);
  if (problems.length > 0) throw new ProbeUsageError(problems);
  return { source, hints };
}

type Given = ReturnType<typeof parseFlags>;

function toHints({ parameters, extra = [], status = [] }: Given, problems: string[]): ProbeHints {
  const [pageInit = '', quantity = '', ...rest] = parameters?.split(',') ?? [];
  if (parameters !== undefined && (pageInit === '' || quantity === '' || rest.length > 0))
    problems.push('--parameters must be two names with a comma between them, such as offset,limit.');
  const statusValues = toPairs(status, '--status', problems).map(([text, value]): [string, boolean] => {
    if (value !== 'true' && value !== 'false') problems.push('--status must be a text and true or false, such as CA=true.');
    return [text, value === 'true'];
  });
  return {
    parameters: parameters === undefined ? null : { pageInit, quantity },
    extraParameters: Object.fromEntries(toPairs(extra, '--extra', problems)),
    statusValues: Object.fromEntries(statusValues),
  };
}

function toPairs(texts: readonly string[], flag: string, problems: string[]): [string, string][] {
  return texts.map((text) => {
    const at = text.indexOf('=');
    if (at < 1) problems.push(`${flag} must be a name and a value with = between them.`);
    return [text.slice(0, at), text.slice(at + 1)];
  });
}

function toTarget(given: Given, env: Environment, problems: string[]): ProbeTarget {
  const required = (flag: 'id-type' | 'id' | 'contract', what: string): string => {
    const value = given[flag] ?? '';
    if (value === '') problems.push(`--${flag} is missing: ${what}.`);
    return value;
  };
  const url = toUrl(given.url ?? env['BILLING_API_URL'], problems);
  const token = (readSecret(env, 'BILLING_API_TOKEN', problems) ?? '').trim().replace(/^(?:Authorization: *)?Bearer +/i, '');
  if (token === '')
    problems.push('BILLING_API_TOKEN is missing: the access token, in the environment, or in the file that BILLING_API_TOKEN_FILE names.');
  else if (!/^[\w.~+/-]+=*$/.test(token))
    problems.push('BILLING_API_TOKEN holds characters that no bearer token has (RFC 6750 section 2.1).');
  const timeoutMs = Number(given['timeout-ms'] ?? 15_000);
  if (!Number.isSafeInteger(timeoutMs) || timeoutMs < 1) problems.push('--timeout-ms must be a whole number from 1 on.');
  return {
    url,
    token,
    idType: required('id-type', "the type of the customer's id, such as RUC"),
    id: required('id', 'the id of a customer that the token may read'),
    contractNumber: required('contract', "the number of one of the customer's contracts, with at least five invoices"),
    timeoutMs,
  };
}

function toUrl(text: string | undefined, problems: string[]): URL {
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : null;
  if (url && /^https?:$/.test(url.protocol) && url.search + url.hash + url.username + url.password === '') return url;
  problems.push(
    text === undefined || text === ''
      ? 'BILLING_API_URL (--url) is missing: the base address of the billing API.'
      : 'BILLING_API_URL (--url) must be a base address that starts with https:// or http://, without a ' +
          'query, a fragment, a user or a password.',
  );
  return new URL('http://invalid');
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new ProbeUsageError([(error as Error).message]);
  }
}
