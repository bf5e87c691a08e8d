import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { coerceVariables, conditionValues, type Conditions, type Variables } from './variables/coerce-variables';
import { OperationModel } from './operation-model';

/** Maximum number of failing fields, list members included: each adds an error with a path, which takes as long as many objects. */
export const MAX_FAILURES = 1000;

/** An operation as a request specifies it. */
export interface OperationRequest {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** As received, before coercion. */
  readonly variables: Variables | undefined;
}

/** Cached analysis of an operation from earlier requests. */
export interface KnownAnalysis {
  /** Coerces the variables; null if they do not match their types. */
  coerce(variables: Variables): Variables | null;
  /** The model under these conditions; null if none is cached. */
  modelUnder(conditions: Conditions): OperationModel | null;
}

/**
 * A valid operation about to be executed. Policies, call prediction, resolvers and the response share it: its variables are
 * coerced once, and its document is walked once under the conditions of the request. The model lives as long as the request,
 * or as the plan compiled from it, so that memory does not grow with the number of documents.
 */
export class RequestedOperation implements OperationRequest {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Variables | undefined;
  /** The most calls that it makes, by a simple bound; Infinity while that is not known. */
  mostCalls = Infinity;
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

  /** The coerced variables; null if they do not match their types. */
  get coerced(): Variables | null {
    if (this.#coerced === undefined)
      this.#coerced = this.#known ? this.#known.coerce(this.variables ?? {}) : coerceVariables(this.schema, this.operation, this.variables);
    return this.#coerced;
  }

  /** The selection under the request's variables. */
  get model(): OperationModel {
    return (this.#model ??= this.#findModel());
  }

  /** Everything that may be selected, whatever the variables are. */
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
