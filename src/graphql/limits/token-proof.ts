import type { GraphQLError, OperationDefinitionNode } from 'graphql';
import type { Billing } from '../../billing/billing';
import { BillingError } from '../../billing/model/billing-error';
import { OperationModel } from '../analysis/operation-model';
import { AskedPages } from '../analysis/asked-pages';
import { predictCalls, type PredictionLimits } from '../analysis/predict-calls';
import type { OperationRequest, RequestedOperation } from '../analysis/requested-operation';
import { coerceVariables, conditionValues, type Variables } from '../analysis/variables/coerce-variables';
import { haveMoreValues } from '../analysis/variables/variables-size';
import type { GatewayContext } from '../context/context';
import { toEndedError, toOverloadedError, toRateLimitError, toRefusedTokenError, toUnaskedError } from '../context/errors';
import type { TokenStanding } from '../context/token-standing';
import { toBudgetError } from './call-budget';
import { StrangerTurns } from './stranger-turns';

/** Maximum decoded body size without a token, in bytes: the introspection query of tools has 2 KiB. */
export const MAX_ANONYMOUS_BYTES = 32 * 1024;
/** Tokens that a document without a token may have: the introspection query of tools has 250. */
export const MAX_ANONYMOUS_TOKENS = 1000;

/** Calls that an operation may make at once with a token that is not accepted. Each that is refused takes 0.2 ms. */
const MAX_UNPROVEN_CALLS = 10;
/** Values that the variables of an operation may have that asks nothing. To coerce one takes 0.2 µs, and each is coerced twice. */
const MAX_UNPROVEN_VALUES = 8192;

export interface TokenProofOptions {
  /** Upstream calls that one operation may make. */
  readonly maxCalls: number;
  readonly limits: PredictionLimits;
}

/** A request whose token is to be decided on. */
export type UndecidedRequest = Omit<OperationRequest, 'operation'> & {
  /** Null where the document has none of the name. */
  readonly operation: OperationDefinitionNode | null;
};

/**
 * Has the billing API decide on a token that it has never accepted before anything is done that takes long: anybody can make one up.
 * What asks for it are long documents before they are validated, large bodies, and operations that may make more than a few calls. The
 * first request of the operation is made alone; the operation then finds its response. What cannot be decided on is done in the turns of
 * strangers.
 */
export class TokenProof {
  readonly turns = new StrangerTurns();
  readonly #options: TokenProofOptions;

  constructor(options: TokenProofOptions) {
    this.#options = options;
  }

  /** Whether the variables are so many that the token has to be decided on before they are looked at. */
  isLarge({ bodyBytes, caller, isAccepted }: TokenStanding): boolean {
    return bodyBytes > MAX_ANONYMOUS_BYTES && caller !== null && !isAccepted;
  }

  /** Whether the token has to be decided on before an operation is executed, which policies do not refuse. */
  isDue({ mostCalls }: RequestedOperation, standing: TokenStanding): boolean {
    return mostCalls > MAX_UNPROVEN_CALLS && standing.caller !== null && !standing.isAccepted;
  }

  /** Whether no more may be done than without a token: a dry run makes no call that could prove its token. */
  isUnprovable({ standing, proving }: Pick<GatewayContext, 'standing' | 'proving'>): boolean {
    return proving === null && !standing.isAccepted;
  }

  /**
   * Makes the first request of an operation. Null where the token is not refused: it is accepted, the operation asks nothing, or there is
   * no answer, which the operation will meet as well; then it resolves in the turn in which the operation may go on. An operation that
   * would make too many calls makes none, and is refused here, and so is one with very many variables that asks nothing, and one whose time
   * is over, or whose client has gone.
   * @param request of a document that need not be valid, but for its fields, and fragments that do not lead back to themselves.
   */
  async refusal(
    request: UndecidedRequest,
    { proving, billing, inPages }: Pick<GatewayContext, 'proving' | 'billing' | 'inPages'>,
  ): Promise<GraphQLError | null> {
    if (!proving) return null;
    const { maxCalls } = this.#options;
    const asked = new AskedPages(maxCalls + 1);
    const { operation } = request;
    const calls = operation ? this.#predict({ ...request, operation }, asked) : 0;
    if (calls > maxCalls && !inPages) return toBudgetError({ calls, atLeast: true }, maxCalls);
    if (!asked.first && operation && haveMoreValues(request.variables, operation, MAX_UNPROVEN_VALUES))
      return toUnaskedError(MAX_UNPROVEN_VALUES);
    const asking = asked.first && proving();
    if (asked.first && asking) {
      try {
        await asking.askAhead(asked.first.owner, asked.first.pages);
        return null;
      } catch (error) {
        if (error instanceof BillingError && error.failure === 'unauthenticated') return toRefusedTokenError(error);
        if (asking.operation.refusal) return toRateLimitError(asking.operation.refusal);
      }
    }
    return endOf(billing) ?? this.#waitUndecided(billing);
  }

  /** Waits for a turn, in which the operation goes on though the token is not decided on; the error of one that may not. */
  async #waitUndecided(billing: Billing | null): Promise<GraphQLError | null> {
    const turn = this.turns.take();
    if (!turn) return toOverloadedError();
    await turn;
    return endOf(billing);
  }

  /** How many calls the operation makes at least, as far as it can be told without much work. */
  #predict({ schema, document, operation, variables }: OperationRequest, asked: AskedPages): number {
    const { maxCalls, limits } = this.#options;
    try {
      const few = withoutRest(variables, operation, maxCalls + 1);
      const coerced = coerceVariables(schema, operation, few);
      if (!coerced) return 0;
      const model = OperationModel.of({ schema, document, operation }, conditionValues(operation, few));
      return predictCalls(model, coerced, limits, asked).calls;
    } catch {
      // Not valid: validation says in which way.
      return 0;
    }
  }
}

/** The error of an operation that has ended: its time is over, or its client has gone. */
function endOf(billing: Billing | null): GraphQLError | null {
  const { aborted = false, reason } = billing?.operation.signal ?? {};
  return aborted && reason instanceof BillingError ? toEndedError(reason) : null;
}

/** The variables of an operation, with no more than `most` different members of each list. */
function withoutRest(variables: Variables | undefined, { variableDefinitions }: OperationDefinitionNode, most: number): Variables {
  const few: Record<string, unknown> = {};
  for (const { variable } of variableDefinitions ?? []) {
    const name = variable.name.value;
    if (variables === undefined || !Object.hasOwn(variables, name)) continue;
    const value = variables[name];
    few[name] = Array.isArray(value) ? findDifferent(value, most) : value;
  }
  return few;
}

/** Up to `most` different members; not all of a long list are looked at. */
function findDifferent(members: readonly unknown[], most: number): readonly unknown[] {
  const different = new Set<unknown>();
  for (let index = 0; index < members.length && index < 10 * most && different.size < most; index++) different.add(members[index]);
  return [...different];
}
