/** What the names of all metrics begin with. */
export const PREFIX = 'billing_gateway_';
