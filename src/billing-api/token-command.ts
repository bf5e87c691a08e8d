import type { BillingApi } from './billing-api';

/** A command to paste, which asks this billing API for a token: `npm run token` with its first client. */
export function toTokenCommand({ tokenUrl, clientId, clientSecret }: Pick<BillingApi, 'tokenUrl' | 'clientId' | 'clientSecret'>): string {
  return (
    `BILLING_API_TOKEN_URL=${toShellWord(tokenUrl)} BILLING_API_CLIENT_ID=${toShellWord(clientId)} ` +
    `BILLING_API_CLIENT_SECRET=${toShellWord(clientSecret)} npm run -s token`
  );
}

/** One word of a POSIX shell, whatever is in it. */
export function toShellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
