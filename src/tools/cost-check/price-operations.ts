import {
  concatAST,
  getLocation,
  GraphQLError,
  KnownDirectivesRule,
  Kind,
  NoUnusedFragmentsRule,
  NoUnusedVariablesRule,
  separateOperations,
  specifiedRules,
  validate,
  visit,
  type ASTNode,
  type DocumentNode,
  type FieldNode,
  type OperationDefinitionNode,
} from 'graphql';
import { conditionValues } from '../../graphql/analysis/variables/coerce-variables';
import { OperationModel } from '../../graphql/analysis/operation-model';
import { predictCalls, type CallPrediction } from '../../graphql/analysis/predict-calls';
import { queriesOnly } from '../../graphql/limits/policies';
import { buildServedSchema } from '../../graphql/schema/subgraph';
import { assumeVariables, type AssumedVariables } from './assume-variables';
import { withoutClientFields } from './client-fields';

/** What prices depend on besides the operations. */
export interface CostCheckOptions {
  readonly maxQuantity: number;
  readonly maxPageSize: number;
  /** Values by the name of their variable, in whichever operation. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** A field, and how many calls fewer the operation would make without it. */
export interface FieldShare {
  readonly place: string;
  readonly field: string;
  readonly calls: number;
}

/** An operation, and what it costs. */
export interface PricedOperation extends CallPrediction {
  readonly name: string;
  /** `file:line`. */
  readonly place: string;
  /** The fields that make it dear, the dearest first. */
  readonly shares: readonly FieldShare[];
  /** Variables whose values are not known. */
  readonly assumed: readonly string[];
}

/** Operations with their prices, and why others have none. */
export interface PricedOperations {
  readonly operations: readonly PricedOperation[];
  readonly problems: readonly string[];
}

/** Clients have directives of their own, and fragments that they use elsewhere. */
const RULES = specifiedRules.filter((rule) => rule !== KnownDirectivesRule && rule !== NoUnusedFragmentsRule);

/** Fields that make calls, or may. */
const PAYING: ReadonlySet<string> = new Set(['contract', 'contracts', 'page', 'scan', 'search', 'contract-of-invoice']);

/** Prices operations by the gateway's own prediction. */
export class CostCheck {
  readonly #schema = buildServedSchema();
  readonly #options: CostCheckOptions;

  constructor(options: CostCheckOptions) {
    this.#options = options;
  }

  /** Fragments may be in other documents than the operations that use them. */
  price(documents: readonly DocumentNode[]): PricedOperations {
    const all = concatAST(documents);
    const problems = findRepeated(all);
    if (problems.length > 0) return { operations: [], problems };
    const valid: DocumentNode[] = [];
    for (const written of Object.values(separateOperations(all))) {
      const document = withoutClientFields(written);
      const operation = document.definitions.find(({ kind }) => kind === Kind.OPERATION_DEFINITION);
      // An operation of nothing but `@client` fields is not sent.
      if (!operation) continue;
      const found = this.#findProblems(document, document !== written);
      if (found.length === 0) valid.push(document);
      problems.push(...found.map(String));
    }
    return { problems, operations: valid.map((document) => this.#priceOne(document)) };
  }

  #findProblems(document: DocumentNode, isCut: boolean): readonly GraphQLError[] {
    // Validation has no rule for an operation whose type is not in the schema.
    const refusal = queriesOnly(operationOf(document));
    if (refusal) return [new GraphQLError(refusal.message, { nodes: operationOf(document) })];
    // Variables that nothing else uses are not sent either.
    return validate(this.#schema, document, isCut ? RULES.filter((rule) => rule !== NoUnusedVariablesRule) : RULES);
  }

  #priceOne(document: DocumentNode): PricedOperation {
    const operation = operationOf(document);
    const { maxPageSize, variables } = this.#options;
    const assumed = assumeVariables(this.#schema, document, operation, { maxPageSize, given: variables });
    const prediction = this.#predict(document, assumed);
    return {
      ...prediction,
      name: operation.name?.value ?? 'an operation without a name',
      place: toPlace(operation),
      shares: this.#findShares(document, assumed, prediction.calls),
      assumed: assumed.names,
    };
  }

  #predict(document: DocumentNode, { values }: AssumedVariables): CallPrediction {
    const { maxQuantity, maxPageSize } = this.#options;
    const limits = { paging: { mode: 'offset', maxQuantity }, pageLimits: { maxPageSize } } as const;
    return predictCalls(this.#toModel(document, values), values, limits);
  }

  #toModel(document: DocumentNode, values: AssumedVariables['values']): OperationModel {
    const operation = operationOf(document);
    return OperationModel.of({ schema: this.#schema, document, operation }, conditionValues(operation, values));
  }

  #findShares(document: DocumentNode, assumed: AssumedVariables, calls: number): readonly FieldShare[] {
    const paying = new Set<FieldNode>();
    for (const { costs, nodes } of this.#toModel(document, assumed.values).allFields)
      if (PAYING.has(costs?.reads ?? '')) for (const node of nodes) paying.add(node);
    return [...paying]
      .map((node): FieldShare => {
        const without = visit(document, { Field: (each) => (each === node ? null : undefined) });
        const field = (node.alias ? `${node.alias.value}: ` : '') + node.name.value;
        return { place: toPlace(node), field, calls: calls - this.#predict(without, assumed).calls };
      })
      .filter((share) => share.calls > 0)
      .sort((a, b) => b.calls - a.calls);
  }
}

function operationOf({ definitions }: DocumentNode): OperationDefinitionNode {
  const operation = definitions.find((each): each is OperationDefinitionNode => each.kind === Kind.OPERATION_DEFINITION);
  if (!operation) throw new Error('a document without an operation');
  return operation;
}

/** Names that two definitions have, or an operation without one among others. */
function findRepeated({ definitions }: DocumentNode): string[] {
  const problems: string[] = [];
  const names = new Set<string>();
  for (const definition of definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION && definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
    const name = `${definition.kind === Kind.FRAGMENT_DEFINITION ? 'fragments have' : 'operations have'} the name "${definition.name?.value ?? ''}"`;
    if (names.has(name)) problems.push(new GraphQLError(`Two ${name}: rename one.`, { nodes: definition }).toString());
    names.add(name);
  }
  return problems;
}

function toPlace({ loc }: ASTNode): string {
  if (!loc) return '';
  const { line } = getLocation(loc.source, loc.start);
  return `${loc.source.name}:${line + loc.source.locationOffset.line - 1}`;
}
