import {
  concatAST,
  getLocation,
  GraphQLError,
  KnownDirectivesRule,
  Kind,
  NoUnusedFragmentsRule,
  separateOperations,
  specifiedRules,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
  type ASTNode,
  type DocumentNode,
  type FieldNode,
  type OperationDefinitionNode,
} from 'graphql';
import { costsOf } from '../../graphql/analysis/field-costs';
import { fragmentsOf, OperationModel } from '../../graphql/analysis/operation-model';
import { predictCalls, type CallPrediction } from '../../graphql/analysis/predict-calls';
import { buildServedSchema } from '../../graphql/schema/subgraph';
import { assumeVariables, type AssumedVariables } from './assume-variables';

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

/** Operations with their prices, or why there are none. */
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
    const separate = Object.values(separateOperations(all));
    for (const document of separate) problems.push(...validate(this.#schema, document, RULES).map(String));
    return { problems, operations: problems.length > 0 ? [] : separate.map((document) => this.#priceOne(document)) };
  }

  #priceOne(document: DocumentNode): PricedOperation {
    const operation = document.definitions.find((each): each is OperationDefinitionNode => each.kind === Kind.OPERATION_DEFINITION);
    if (!operation) throw new Error('a document without an operation');
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
    const operation = document.definitions.find((each): each is OperationDefinitionNode => each.kind === Kind.OPERATION_DEFINITION);
    const { maxQuantity, maxPageSize } = this.#options;
    const source = { schema: this.#schema, fragments: fragmentsOf(document), variableValues: values };
    const limits = { paging: { mode: 'offset', maxQuantity }, pageLimits: { maxPageSize } } as const;
    return predictCalls(new OperationModel(source, operation as OperationDefinitionNode), limits);
  }

  #findShares(document: DocumentNode, assumed: AssumedVariables, calls: number): readonly FieldShare[] {
    const info = new TypeInfo(this.#schema);
    const paying: FieldNode[] = [];
    visit(
      document,
      visitWithTypeInfo(info, {
        Field: (node) => {
          if (PAYING.has(costsOf(info.getFieldDef() ?? undefined)?.reads ?? '')) paying.push(node);
        },
      }),
    );
    return paying
      .map((node): FieldShare => {
        const without = visit(document, { Field: (each) => (each === node ? null : undefined) });
        const field = (node.alias ? `${node.alias.value}: ` : '') + node.name.value;
        return { place: toPlace(node), field, calls: calls - this.#predict(without, assumed).calls };
      })
      .filter((share) => share.calls > 0)
      .sort((a, b) => b.calls - a.calls);
  }
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
