import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { coerceVariables, conditionValues, type Conditions, type Variables } from './variables/coerce-variables';
import { OperationModel } from './operation-model';

/** Fields of an operation, list members included, that may fail: each costs an error with its path, which takes as long as many objects. */
export const MAX_FAILURES = 1000;

/** An operation as a request asks for it. */
export interface OperationRequest {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** As they came. */
  readonly variables: Variables | undefined;
}

/** What is known of an operation from earlier requests. */
export interface KnownAnalysis {
  /** Null where the variables are not of their types. */
  coerce(variables: Variables): Variables | null;
  /** The model under these conditions; null where none is cached. */
  modelUnder(conditions: Conditions): OperationModel | null;
}

/**
 * A valid operation about to be executed. Policies, the prediction of calls, the resolvers and the response read it here:
 * its variables are coerced once, and its document is walked once under the conditions of the request. The model lives as
 * long as the request, or as the plan that was compiled of it: an unbounded number of documents takes no memory.
 */
export class RequestedOperation implements OperationRequest {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Variables | undefined;
  readonly #known: KnownAnalysis | null;
  #coerced: Variables | null | undefined;
  #model: OperationModel | undefined;
  #whole: OperationModel | undefined;

  constructor({ schema, document, operation, variables }: OperationRequest, known: KnownAnalysis | null = null) {
    this.schema = schema;
    this.document = document;
    this.operation = operation;
    this.variables = variables;
    this.#known = known;
  }

  /** The variables, coerced; null where they are not of their types. */
  get coerced(): Variables | null {
    if (this.#coerced === undefined)
      this.#coerced = this.#known ? this.#known.coerce(this.variables ?? {}) : coerceVariables(this.schema, this.operation, this.variables);
    return this.#coerced;
  }

  /** What is selected under the request's variables. */
  get model(): OperationModel {
    return (this.#model ??= this.#findModel());
  }

  /** What may be selected, whatever the variables are. */
  get whole(): OperationModel {
    return (this.#whole ??= OperationModel.of(this, {}));
  }

  #findModel(): OperationModel {
    const conditions = conditionValues(this.operation, this.variables);
    const known = this.#known?.modelUnder(conditions);
    if (known) return known;
    for (const _name in conditions) return OperationModel.of(this, conditions);
    return this.whole;
  }
}
