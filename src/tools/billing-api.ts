import { createBillingApi, type BillingApi } from '../billing-api/billing-api';
import { DataFileError } from '../billing-api/data/data-file';
import { toShellWord, toTokenCommand } from '../billing-api/token-command';
import { billingApiHelp, BillingApiUsageError, parseBillingApiOptions } from './billing-api-options';

/** What a newcomer needs to talk to a running billing API: its addresses, a client, and two commands to paste. */
export function toBillingApiGuide(api: BillingApi): string {
  const example = api.firstExample;
  const bills =
    example &&
    `${api.url}/customers/${encodeURIComponent(example.idType)}/${example.id}/bills?contractNumber=${example.contractNumber}` +
      `&pageInit=0&quantity=3`;
  // Form-encoded, as RFC 6749 section 2.3.1 has it; curl puts into HTTP Basic what it is given.
  const basic = [api.clientId, api.clientSecret].map(encodeURIComponent).join(':');
  return [
    `The billing API listens on ${api.url}`,
    `  token endpoint  ${api.tokenUrl}`,
    `  client id       ${api.clientId}`,
    `  client secret   ${api.clientSecret}`,
    '',
    'A token:',
    `  curl -s -X POST -u ${toShellWord(basic)} ${toShellWord(api.tokenUrl)}`,
    '',
    'The same as a header to paste:',
    `  ${toTokenCommand(api)}`,
    ...(bills === undefined
      ? []
      : [
          '',
          'Bills, with a token that works for now:',
          `  curl -s -H ${toShellWord(`Authorization: Bearer ${api.issueToken()}`)} ${toShellWord(bills)}`,
        ]),
  ].join('\n');
}

async function main(): Promise<void> {
  const options = parseBillingApiOptions(process.argv.slice(2), process.env);
  if (options === 'help') {
    console.log(billingApiHelp);
    return;
  }
  const api = await createBillingApi(options);
  console.log(toBillingApiGuide(api));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void api.close());
}

if (require.main === module) {
  main().catch((error: unknown) => {
    // Errors that the user can fix, such as a port in use, are printed without a stack.
    const isTheirs =
      error instanceof BillingApiUsageError ||
      error instanceof DataFileError ||
      error instanceof RangeError ||
      (error instanceof Error && 'syscall' in error);
    console.error(isTheirs ? `${error.message}\nSee --help.` : error);
    process.exitCode = 1;
  });
}
