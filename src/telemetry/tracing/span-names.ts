/**
 * The names of spans and of their attributes: by OpenTelemetry's semantic conventions (1.4x: "GraphQL server spans", "HTTP
 * client spans"), and under a prefix of our own where these have none. All values come from closed lists, or are numbers,
 * except for the name of an operation, which is reported as in metrics (reported-name.ts).
 */
export const SPANS = {
  /** "GraphQL server spans": the type of the operation; this where there is none. Its name is in an attribute: clients choose it. */
  operation: 'GraphQL Operation',
  planning: 'plan calls',
  lookup: 'cache lookup',
  lock: 'cache lock',
  joined: 'join call',
  queue: 'wait for a place',
  /** "HTTP client spans": method and template. The address itself holds a customer's id. */
  attempt: 'GET /customers/{idType}/{id}/bills',
} as const;

/** The path of the billing API's resource, without anybody's identifiers. */
export const BILLS_TEMPLATE = '/customers/{idType}/{id}/bills';

export const ATTRIBUTES = {
  operationName: 'graphql.operation.name',
  operationType: 'graphql.operation.type',
  errorType: 'error.type',
  httpMethod: 'http.request.method',
  httpResends: 'http.request.resend_count',
  httpRoute: 'http.route',
  httpStatus: 'http.response.status_code',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  urlTemplate: 'url.template',
  outcome: 'billing_gateway.outcome',
  /** All codes of an operation's errors; `error.type` has the first. */
  codes: 'billing_gateway.error.codes',
  path: 'billing_gateway.path',
  calls: 'billing_gateway.calls',
  merged: 'billing_gateway.merged',
  cached: 'billing_gateway.cached',
  stale: 'billing_gateway.stale',
  plannedPages: 'billing_gateway.plan.pages',
  plannedCalls: 'billing_gateway.plan.calls',
  cacheLayer: 'billing_gateway.cache.layer',
  cacheResult: 'billing_gateway.cache.result',
} as const;
