import { join } from 'node:path';
import type { BillingApi } from './billing-api';

const ROOT = join(__dirname, '../..');

/** A command to paste, which asks this billing API for a token: `npm run token`, or its program outside this package's folder. */
export function toTokenCommand({ tokenUrl, clientId, clientSecret }: Pick<BillingApi, 'tokenUrl' | 'clientId' | 'clientSecret'>): string {
  return (
    `BILLING_API_TOKEN_URL=${toShellWord(tokenUrl)} BILLING_API_CLIENT_ID=${toShellWord(clientId)} ` +
    `BILLING_API_CLIENT_SECRET=${toShellWord(clientSecret)} ` +
    (process.cwd() === ROOT ? 'npm run -s token' : `node ${toShellWord(join(ROOT, 'dist/tools/token.js'))}`)
  );
}

/** One word of a POSIX shell, whatever is in it. */
export function toShellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
