import type { BillingApi } from './billing-api/billing-api';
import { toTokenCommand } from './billing-api/token-command';

const EXPLORERS = {
  sandbox: ' (Apollo Sandbox, which comes from the internet)',
  graphiql: ' (GraphiQL, with a button for a token)',
} as const;

/** What a newcomer is shown at the start with the embedded billing API: a query to paste, with a token that works, and where to go on. */
export function toFirstQuery(gatewayUrl: string, billingApi: BillingApi, explorer: keyof typeof EXPLORERS | 'none'): string {
  const example = billingApi.firstExample;
  if (!example) return `\nThe embedded billing API at ${billingApi.url} holds no contract to show.\n`;
  const query =
    `{ customer(idType: "${example.idType}", id: "${example.id}") { contract(number: "${example.contractNumber}` +
    `") { number dueDate billingAddresses { street city } invoices(first: 3) { nodes { number billPeriod ` +
    `amount status } pageInfo { hasNextPage endCursor } } } } }`;
  return [
    '',
    `The embedded billing API answers, at ${billingApi.url}, with made-up data. For your own, set BILLING_API_URL.`,
    'A first query, with a token that is good for an hour:',
    '',
    `curl -s ${gatewayUrl}/graphql -H 'Content-Type: application/json' -H 'Authorization: Bearer ${billingApi.issueToken()}` +
      `' -d '${JSON.stringify({ query })}'`,
    '',
    'A header with a token, for a client or an explorer of your own:',
    '',
    toTokenCommand(billingApi),
    '',
    ...(explorer === 'none' ? [] : [`In a browser: ${gatewayUrl}/graphql${EXPLORERS[explorer]}`, '']),
    '',
  ].join('\n');
}
