import { LRUCache } from 'lru-cache';
import type { DocumentNode, GraphQLResolveInfo, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { GatewayContext } from '../context/context';
import { toHeapBytes } from '../limits/document-stores';
import { RecentTexts } from '../../runtime/maps/recent-texts';
import type { ModelledOperation, SelectedField } from '../analysis/operation-model';
import { countRequests, selectContract } from '../analysis/selection';
import { CodeCache } from './code-cache';
import { PreparedOperation, type CompiledPlan, type PlanStore } from './compiled-operation';
import { planBytes } from './plan';

/** The bound on cached operations: how many, and how many bytes; half of these for documents, half for compiled plans. */
export interface PreparedOperationsBound {
  readonly maxOperations: number;
  readonly maxBytes: number;
}

const BOUND: PreparedOperationsBound = { maxOperations: 2000, maxBytes: 32 * 1024 * 1024 };

/** An operation as Apollo Server found it: parsed, validated, chosen by its name. */
interface KnownOperation {
  readonly query: string;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** As the request named it. */
  readonly operationName: string | undefined;
  prepared: PreparedOperation<GatewayContext> | null;
  /** Its key in the cache. */
  readonly key: string;
}

/**
 * The operations that Apollo Server has parsed and validated, by their text and name, compiled when one comes a second
 * time. Bounded: the least recently used go first.
 */
export class PreparedOperations {
  readonly #schema: GraphQLSchema;
  readonly #known: LRUCache<string, KnownOperation>;
  /** The known ones of which the texts need not be hashed. */
  readonly #recent = new RecentTexts<KnownOperation>();
  /** An operation has a plan for each setting of its conditions that is met: 64 for six of them. */
  readonly #plans: LRUCache<string, CompiledPlan>;
  readonly #code = new CodeCache();

  constructor(schema: GraphQLSchema, bound: PreparedOperationsBound = BOUND) {
    this.#schema = schema;
    this.#known = new LRUCache({
      max: bound.maxOperations,
      maxSize: bound.maxBytes / 2,
      sizeCalculation: (known, key) => 2 * key.length + toHeapBytes(known.document),
      dispose: (known) => this.#recent.delete(known.query),
    });
    this.#plans = new LRUCache({
      maxSize: bound.maxBytes / 2,
      sizeCalculation: ({ variant, codeBytes }) => planBytes(variant) + codeBytes,
    });
  }

  /** How many operations are cached. */
  get size(): number {
    return this.#known.size;
  }

  /** How many plans are cached. */
  get planCount(): number {
    return this.#plans.size;
  }

  /** What they take in memory, roughly. */
  get bytes(): number {
    return this.#known.calculatedSize + this.#plans.calculatedSize + this.#code.bytes;
  }

  get schema(): GraphQLSchema {
    return this.#schema;
  }

  /** Notes an operation that Apollo Server is about to execute. */
  learn(
    query: string,
    operationName: string | undefined,
    { document, operation }: Pick<ModelledOperation, 'document' | 'operation'>,
  ): void {
    const key = toKey(query, operationName);
    if (!this.#known.has(key)) this.#known.set(key, { query, document, operation, operationName, key, prepared: null });
  }

  /** The operation, compiled; undefined where Apollo Server has not seen it. */
  find(query: string, operationName: string | undefined): PreparedOperation<GatewayContext> | undefined {
    const recent = this.#recent.get(query);
    // The key of an entry has its hash: looked up with that, the entry is noted as used at hardly any cost.
    const known = this.#known.get(recent && recent.operationName === operationName ? recent.key : toKey(query, operationName));
    // A name that a client sends may hold anything, and so a key may be one of another name and text.
    if (known?.query !== query) return undefined;
    if (known !== recent) this.#recent.set(known.query, known);
    return (known.prepared ??= this.#prepare(known.document, known.operation, this.#plans));
  }

  /** An operation that is not cached: its caller executes it several times. */
  prepareOnce(document: DocumentNode, operation: OperationDefinitionNode): PreparedOperation<GatewayContext> {
    return this.#prepare(document, operation, new Map<string, CompiledPlan>());
  }

  #prepare(document: DocumentNode, operation: OperationDefinitionNode, plans: PlanStore): PreparedOperation<GatewayContext> {
    return new PreparedOperation<GatewayContext>(this.#schema, document, operation, { isRepeatable, onRepeat, plans, code: this.#code });
  }
}

function toKey(query: string, operationName: string | undefined): string {
  return operationName === undefined ? query : `${operationName}\n${query}`;
}

/** Aliases of one contract with one selection are executed once: their loads are the same. */
function isRepeatable(field: SelectedField): boolean {
  // Contracts further down ask for pages of their own, which an alias would have asked for again. So does a page that is
  // counted from the list's end, once the length of the list is known, and one whose list is read further for a filter.
  return field.costs?.reads === 'contract' && !field.leadsBack && !field.fields.some(isPlacedLate);
}

const PLACED_LATE: ReadonlySet<string> = new Set(['last', 'before', 'filter']);

/** Whether it is a page that may be found only in what was read, as its variables say. */
function isPlacedLate({ costs, nodes }: SelectedField): boolean {
  return costs?.reads === 'page' && (nodes[0].arguments?.some(({ name }) => PLACED_LATE.has(name.value)) ?? false);
}

/** Accounts for a repeated contract as the execution of each alias would have: all its pages were asked for again. */
function onRepeat(info: GraphQLResolveInfo, context: GatewayContext): void {
  context.billing?.noteRepeated(countRequests(selectContract(info, context)));
}
