import { parseArgs } from 'node:util';
import type { BillingApiOptions } from '../billing-api/billing-api';

export const billingApiHelp = `Serves the billing API of schema/billing-v2.openapi.yaml, with its token endpoint.

Usage: npm run billing-api -- [options]

  --host HOST                            BILLING_API_HOST             default 127.0.0.1
  --port PORT                            BILLING_API_PORT             default 4010; 0 takes a free one
  --base-path PATH                       BILLING_API_BASE_PATH        before every path, such as /v2; default none
  --data FILE                            BILLING_API_DATA             JSON data instead of the sample data
  --paging offset|page                   BILLING_API_PAGING           what pageInit counts; default offset
  --page-base 0|1                        BILLING_API_PAGE_BASE        the first page's number; default 0
  --contract-number required|optional    BILLING_API_CONTRACT_NUMBER  default required
  --max-quantity NUMBER                  BILLING_API_MAX_QUANTITY     invoices in one answer at most; default 1000
  --token-lifetime SECONDS               BILLING_API_TOKEN_LIFETIME   default 3600
                                         BILLING_API_SIGNING_SECRET   at least 32 bytes; random by default
  --help

An option wins over the environment. The form of the data file is described in src/billing-api/data-file.ts.`;

/** A command line or an environment that cannot be used, with every problem found. */
export class BillingApiUsageError extends Error {
  override readonly name = 'BillingApiUsageError';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

const flags = {
  host: { type: 'string' },
  port: { type: 'string' },
  'base-path': { type: 'string' },
  data: { type: 'string' },
  paging: { type: 'string' },
  'page-base': { type: 'string' },
  'contract-number': { type: 'string' },
  'max-quantity': { type: 'string' },
  'token-lifetime': { type: 'string' },
  help: { type: 'boolean' },
} as const;

/** What the command line and the environment ask for; throws a `BillingApiUsageError` with all problems at once. */
export function parseBillingApiOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): BillingApiOptions | 'help' {
  const given = parseFlags(args);
  if (given.help === true) return 'help';

  const problems: string[] = [];
  // An empty variable counts as none: that is how a shell and an env file unset one.
  const read = (flag: Exclude<keyof typeof flags, 'help'>) =>
    given[flag] ?? (env[`BILLING_API_${flag.replaceAll('-', '_').toUpperCase()}`] || undefined);
  const oneOf = <const Choice extends string>(
    flag: Exclude<keyof typeof flags, 'help'>,
    choices: readonly [Choice, ...Choice[]],
  ): Choice => {
    const text = read(flag);
    const choice = choices.find((each) => each === text);
    if (text !== undefined && choice === undefined) problems.push(`${flag} must be ${choices.join(' or ')}, not ${JSON.stringify(text)}`);
    return choice ?? choices[0];
  };
  const wholeNumber = (flag: Exclude<keyof typeof flags, 'help'>, fallback: number, range: { min: number; max: number }): number => {
    const text = read(flag) ?? String(fallback);
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (number >= range.min && number <= range.max) return number;
    problems.push(`${flag} must be a whole number from ${range.min} to ${range.max}, not ${JSON.stringify(text)}`);
    return fallback;
  };

  const dataFile = read('data');
  const signingSecret = env['BILLING_API_SIGNING_SECRET'] || undefined;
  if (signingSecret !== undefined && Buffer.byteLength(signingSecret) < 32)
    problems.push('BILLING_API_SIGNING_SECRET must have at least 32 bytes');
  const options: BillingApiOptions = {
    host: read('host') ?? '127.0.0.1',
    port: wholeNumber('port', 4010, { min: 0, max: 65_535 }),
    basePath: read('base-path') ?? '',
    paging: oneOf('paging', ['offset', 'page']),
    pageBase: oneOf('page-base', ['0', '1']) === '1' ? 1 : 0,
    contractNumberRequired: oneOf('contract-number', ['required', 'optional']) === 'required',
    maxQuantity: wholeNumber('max-quantity', 1000, { min: 1, max: 1_000_000 }),
    tokenLifetimeSeconds: wholeNumber('token-lifetime', 3600, { min: 1, max: 31_536_000 }),
    ...(dataFile === undefined ? {} : { dataFile }),
    ...(signingSecret === undefined ? {} : { signingSecret }),
  };
  if (problems.length > 0) throw new BillingApiUsageError(problems);
  return options;
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new BillingApiUsageError([error instanceof Error ? error.message : 'the command line cannot be read']);
  }
}
