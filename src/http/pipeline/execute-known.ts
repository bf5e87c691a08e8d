import type { GraphQLSchema } from 'graphql';
import type { Variables } from '../../graphql/analysis/variables/coerce-variables';
import type { RequestedOperation } from '../../graphql/analysis/requested-operation';
import type { GatewayContext } from '../../graphql/context/context';
import { formatErrors, type FormattedErrors } from '../../graphql/context/format-errors';
import type { PreparedOperation } from '../../graphql/execution/compiled-operation';
import type { PreparedOperations } from '../../graphql/execution/compiled-operations';
import { NO_DATA, toResponseBody, type CompiledResult } from '../../graphql/execution/writing/response';
import { executeReference } from '../../graphql/server/execute-reference';
import { findRefusal, type Policy } from '../../graphql/limits/policies';
import type { TokenProof } from '../../graphql/limits/token-proof';
import { toBillingExtension } from '../../graphql/server/billing-extension';
import type { Exchange } from '../request/exchange';
import type { RequestControls } from '../request/request-controls';
import {
  ABORTED,
  complete,
  completeErrors,
  completeExecuted,
  completeResult,
  findRefusedCalls,
  toCodes,
  toOutcome,
  type Completed,
  type CompleteOptions,
  type Subject,
} from '../response/completed';
import { mayCompile, type CompileOptions } from './may-compile';
import type { OperationLifetime } from './operation-lifetime';
import { createContext, restartContext, type RequestContextOptions } from './request-contexts';

/** What known operations are executed with. */
export interface ExecuteOptions extends CompleteOptions, CompileOptions {
  readonly operations: PreparedOperations;
  readonly policies: readonly Policy[];
  readonly proof: TokenProof;
  readonly contexts: RequestContextOptions;
  /** What graphql-js executes; its resolvers count failures. */
  readonly referenceSchema: GraphQLSchema;
}

/** A request for an operation that is known. */
export interface KnownRequest {
  readonly known: PreparedOperation<GatewayContext>;
  /** As they came. */
  readonly variables: Variables;
  readonly controls: RequestControls;
  /** Where it does not last as long as the response. */
  readonly lifetime?: OperationLifetime;
}

/**
 * Executes an operation that was parsed and validated before: as it is compiled; where that does not cover what it meets,
 * by graphql-js, over the same context and so over the same loads.
 */
export function executeKnown(exchange: Exchange, request: KnownRequest, options: ExecuteOptions): Completed | Promise<Completed> {
  const requested = request.known.request(request.variables);
  if (options.proof.isLarge(exchange)) return executeLarge(exchange, request, requested, options);
  const refused = applyPolicies(exchange, requested, null, options);
  if (refused) return refused;
  const context = begin(exchange, request, requested, options);
  return options.proof.isDue(requested, exchange)
    ? proveToken(exchange, requested, context, options).then((unproven) => unproven ?? run(exchange, request.known, context, options))
    : run(exchange, request.known, context, options);
}

/** Executes an operation with variables that take long to look at: the billing API decides on the token before. */
async function executeLarge(
  exchange: Exchange,
  request: KnownRequest,
  requested: RequestedOperation,
  options: ExecuteOptions,
): Promise<Completed> {
  const context = begin(exchange, request, requested, options);
  return (
    (await proveToken(exchange, requested, context, options)) ??
    applyPolicies(exchange, requested, context, options) ??
    run(exchange, request.known, context, options)
  );
}

/** Makes the context of an operation. */
function begin(exchange: Exchange, { controls, lifetime }: KnownRequest, requested: RequestedOperation, options: ExecuteOptions): Begun {
  const context = createContext(exchange, controls, lifetime ? { ...options.contexts, lifetime } : options.contexts);
  context.billing?.operation.admission?.expect(() => options.extensions.callBudget.predict(requested)?.calls ?? 0);
  context.requested = requested;
  return context as Begun;
}

/** The response to an operation that a policy refuses; null where none does. */
function applyPolicies(
  exchange: Exchange,
  requested: RequestedOperation,
  context: GatewayContext | null,
  { policies, formatError }: ExecuteOptions,
): Completed | null {
  const refusal = findRefusal(policies, requested, { hasToken: exchange.caller !== null, inPages: false });
  return refusal && completeErrors({ exchange, path: 'compiled', operation: requested.operation, context }, [refusal], formatError);
}

/** The response to an operation of which the billing API refuses the token; null where it does not. */
async function proveToken(
  exchange: Exchange,
  requested: RequestedOperation,
  context: GatewayContext,
  { proof, formatError }: ExecuteOptions,
): Promise<Completed | null> {
  const refusal = await proof.refusal(requested, context);
  return refusal && completeErrors({ exchange, path: 'compiled', operation: requested.operation, context }, [refusal], formatError);
}

/** The context of an operation that is executed. */
type Begun = GatewayContext & { readonly requested: RequestedOperation };

function run(
  exchange: Exchange,
  known: PreparedOperation<GatewayContext>,
  context: Begun,
  options: ExecuteOptions,
): Completed | Promise<Completed> {
  const { requested } = context;
  const { coerced } = requested;
  const variant = coerced && known.variant(coerced, () => mayCompile(exchange, context, options));
  const subject = { exchange, path: 'compiled', operation: requested.operation, context } as const;
  const fallBack = (from: GatewayContext): Promise<Completed> =>
    runReference({ ...subject, path: 'reference', context: from }, requested, options);
  if (!variant) return fallBack(context);
  return known.run(variant, coerced, context).then(
    (result) => completeCompiled(subject, result, requested, options),
    () => fallBack(restartContext(context)),
  );
}

/** What an executed operation is completed with. */
type Executed = Subject & { readonly context: GatewayContext };

function completeCompiled(subject: Executed, result: CompiledResult, requested: RequestedOperation, options: ExecuteOptions): Completed {
  const { exchange, context } = subject;
  if (exchange.isGone) return complete(subject, ABORTED);
  const refusal = findRefusedCalls(context) ?? context.results.error;
  if (refusal) return completeErrors(subject, [refusal], options.formatError);
  const { errors, status = 200, headers } = result.errors.length > 0 ? formatErrors(result.errors, options.formatError) : NO_ERRORS;
  const billing = toBillingExtension(context, requested, options.extensions);
  const extensions = billing && { billing };
  // Nothing was read: what the loads made up must not be taken for the customer's.
  if (context.dryRun) return completeResult(subject, { errors, data: null, ...(extensions && { extensions }) }, { status, headers });
  const body = toResponseBody(result, { errors, extensions });
  // What was written was held to the limit; the errors are beside it.
  const { results } = context;
  if (body.length > results.limits.maxAnswerBytes) {
    results.exceedBytes(body.length);
    return completeErrors(subject, [results.error], options.formatError);
  }
  return complete(subject, { status, headers, body, outcome: toOutcome(hasData(result), errors.length > 0), codes: toCodes(errors) });
}

const NO_ERRORS: FormattedErrors = { errors: [], status: undefined, headers: [] };

function hasData({ body }: CompiledResult): boolean {
  return body !== NO_DATA;
}

async function runReference(subject: Executed, requested: RequestedOperation, options: ExecuteOptions): Promise<Completed> {
  const { exchange, context } = subject;
  if (exchange.isGone) return complete(subject, ABORTED);
  const { data, errors: found } = await executeReference(requested, options.referenceSchema, context);
  const { errors, status, headers } = found ? formatErrors(found, options.formatError) : NO_ERRORS;
  // Variables that are not of their types: a request error, and so a client's.
  const head = { status: status ?? (data === undefined ? 400 : 200), headers };
  return completeExecuted(subject, { errors, ...(data !== undefined && { data }) }, head, { requested, options });
}
