import type { FieldNode, FragmentDefinitionNode, OperationDefinitionNode } from 'graphql';
import { BillingError } from '../../billing/model/billing-error';
import { contractKey } from '../../billing/ports/billing-source';
import { parseContractNumber, parseCustomer, type Customer } from '../../billing/model/customer';
import { parsePage, type PageLimits, type PageRequest } from '../../billing/model/window';
import { findRun, planPages, type Paging, type PlannedRun } from '../../billing/loading/window-plan';
import { assertArgumentsBelow } from './argument-check';
import { parseEntityKey } from './entity-keys';
import { argument, collect, selectContract, selectsNextPage } from './selection';
import { toIds, toRepresentations } from './list-arguments';

/** A validated operation, as the prediction reads it. */
export interface OperationShape {
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
}

/** What the number of calls depends on besides the operation. */
export interface PredictionLimits {
  readonly paging: Paging;
  readonly pageLimits: PageLimits;
}

/** How many calls to the billing API an operation makes. */
export interface CallPrediction {
  /** Calls that are made if every contract and invoice that the operation names exists and nothing is remembered. */
  readonly calls: number;
  /** Whether there may be more: a search that goes on to a further page, or contracts that only invoices name. */
  readonly atLeast: boolean;
}

/** Steps after which the counting ends with what it has: past any budget, and far from blocking the process. */
const MAX_STEPS = 200_000;

/** What is asked for where a contract is wanted and no page of its invoices. */
const HEAD: PageRequest = { offset: 0, first: 0, probe: false };

/**
 * Predicts the calls of a validated operation from its coerced variables, without executing it: the same pages, planned
 * by the same planner as the loads are. What an argument's form will refuse is counted as nothing, for it costs nothing.
 */
export function predictCalls(
  shape: OperationShape,
  variableValues: Readonly<Record<string, unknown>>,
  limits: PredictionLimits,
): CallPrediction {
  return new Prediction(shape, variableValues, limits).count();
}

/** Ends the walk. */
class TooManySteps extends Error {}

/** One walk over the operation. Pages are gathered in waves: what a field below a contract asks for is planned after it. */
class Prediction {
  readonly #shape: OperationShape;
  readonly #limits: PredictionLimits;
  /** What selection.ts reads of an operation. */
  readonly #info: { readonly fragments: Record<string, FragmentDefinitionNode>; readonly variableValues: Record<string, unknown> };
  /** By contract, by wave. */
  readonly #pages = new Map<string, PageRequest[][]>();
  /** What is selected of a contract, by the fields that return it: looked at once, however many contracts they return. */
  readonly #pagesOf = new Map<readonly FieldNode[], readonly PageRequest[] | null>();
  readonly #further = new Map<readonly FieldNode[], readonly (readonly FieldNode[])[]>();
  #atLeast = false;
  #steps = 0;

  constructor(shape: OperationShape, variableValues: Readonly<Record<string, unknown>>, limits: PredictionLimits) {
    this.#shape = shape;
    this.#limits = limits;
    this.#info = { fragments: shape.fragments, variableValues };
  }

  count(): CallPrediction {
    try {
      for (const nodes of collect([this.#shape.operation], 'Query', this.#info).values()) this.#visitRoot(nodes);
    } catch (error) {
      // A customer cannot be null: one that is not of its form is the whole answer, and no call is made.
      if (error instanceof BillingError) return { calls: 0, atLeast: false };
      if (!(error instanceof TooManySteps)) throw error;
      this.#atLeast = true;
    }
    let calls = 0;
    for (const waves of this.#pages.values()) calls += this.#plan(waves);
    return { calls, atLeast: this.#atLeast };
  }

  /** Plans one contract's pages as the loader does: what an earlier wave's calls bring is not asked for again. */
  #plan(waves: readonly (readonly PageRequest[] | undefined)[]): number {
    const { paging } = this.#limits;
    const only = waves.length === 1 && waves[0]?.length === 1 ? waves[0][0] : undefined;
    // What nearly every contract comes down to.
    if (only && only.first < paging.maxQuantity && paging.mode === 'offset') return 1;
    const calls = new Set<string>();
    const runs: PlannedRun[] = [];
    for (const wave of waves) {
      const missing = wave?.filter((page) => !findRun(runs, page)) ?? [];
      if (missing.length === 0) continue;
      for (const run of planPages(missing, paging)) {
        runs.push(run);
        for (const call of run.calls) {
          if (call.lazy) this.#atLeast = true;
          // The very same window of two runs is one call: it is shared while it is under way.
          else calls.add(`${call.offset}/${call.limit}`);
        }
      }
    }
    return calls.size;
  }

  #visitRoot(nodes: readonly FieldNode[]): void {
    const node = nodes[0] as FieldNode;
    if (node.name.value === 'customer') {
      const customer = parseCustomer(argument(node, 'idType', this.#info, 'String'), argument(node, 'id', this.#info, 'ID'));
      this.#visitCustomer(customer, nodes, 0);
    } else if (node.name.value === '_entities') {
      for (const representation of toRepresentations(node, this.#info.variableValues)) this.#visitEntity(representation, nodes);
    }
  }

  #visitEntity(representation: Record<string, unknown>, nodes: readonly FieldNode[]): void {
    this.#step();
    const key = attempt(() => parseEntityKey(representation));
    switch (key?.type) {
      case 'Customer':
        this.#visitCustomer(key.customer, nodes, 0);
        return;
      case 'Contract':
        this.#visitContract(key.customer, key.number, nodes, 0);
        return;
      case 'Invoice':
        if (
          attempt(
            () => (assertArgumentsBelow('Invoice', { ...this.#info, fieldNodes: nodes, path: ROOT }, this.#limits.pageLimits), true),
          ) === null
        )
          return;
        this.#atLeast = true;
        this.#ask(key.customer, key.contractNumber, this.#scanPage(), 0);
        this.#visitInvoice(key.customer, key.contractNumber, nodes, 1);
        return;
      case undefined:
    }
  }

  #visitCustomer(customer: Customer, nodes: readonly FieldNode[], wave: number): void {
    for (const fields of collect(nodes, 'Customer', this.#info).values()) {
      this.#step();
      const field = fields[0] as FieldNode;
      switch (field.name.value) {
        case 'contract': {
          const number = attempt(() => parseContractNumber(argument(field, 'number', this.#info, 'ID')));
          if (number !== null) this.#visitContract(customer, number, fields, wave);
          break;
        }
        case 'contracts':
          this.#visitContracts(customer, fields, wave);
          break;
        case 'invoices': {
          const page = attempt(() => this.#page(fields));
          if (!page) break;
          this.#ask(customer, null, page, wave);
          if (this.#readsBelowInvoices(fields)) this.#atLeast = true;
          break;
        }
      }
    }
  }

  #visitContracts(customer: Customer, fields: readonly FieldNode[], wave: number): void {
    const pages = this.#contractPages(fields);
    if (!pages) return;
    // One number that is not of its form keeps all of them from being asked for.
    const numbers = attempt(() =>
      toIds(fields[0] as FieldNode, this.#info.variableValues).map((item) => parseContractNumber(item, 'numbers')),
    );
    if (!numbers) return;
    for (const number of numbers) {
      for (const page of pages) this.#ask(customer, number, page, wave);
      this.#visitInvoicesOf(customer, number, fields, wave);
    }
    // Each of them leads to the same customer: one visit is all.
    if (numbers.length > 0) this.#visitCustomerOf(customer, fields, wave);
  }

  #visitContract(customer: Customer, number: string, nodes: readonly FieldNode[], wave: number): void {
    const pages = this.#contractPages(nodes);
    if (!pages) return;
    for (const page of pages) this.#ask(customer, number, page, wave);
    this.#visitInvoicesOf(customer, number, nodes, wave);
    this.#visitCustomerOf(customer, nodes, wave);
  }

  /** The fields of a contract that lead on to calls which are known by name. The same for all entities of a field. */
  #furtherOf(nodes: readonly FieldNode[]): readonly (readonly FieldNode[])[] {
    let further = this.#further.get(nodes);
    if (!further) {
      const fields = [...collect(nodes, 'Contract', this.#info).values()];
      if (fields.some((each) => each[0]?.name.value === 'invoices' && this.#readsBelowInvoices(each))) this.#atLeast = true;
      further = fields.filter((each) => each[0]?.name.value === 'customer' || each[0]?.name.value === 'invoice');
      this.#further.set(nodes, further);
    }
    return further;
  }

  /** The pages that are asked for together with a contract; null where an argument keeps it from being asked for at all. */
  #contractPages(nodes: readonly FieldNode[]): readonly PageRequest[] | null {
    let pages = this.#pagesOf.get(nodes);
    if (pages === undefined) this.#pagesOf.set(nodes, (pages = this.#lookAhead(nodes)));
    return pages;
  }

  #lookAhead(nodes: readonly FieldNode[]): readonly PageRequest[] | null {
    const info = { ...this.#info, fieldNodes: nodes, path: ROOT };
    const selection = attempt(() => {
      assertArgumentsBelow('Contract', info, this.#limits.pageLimits);
      return selectContract(info, this.#limits.pageLimits);
    });
    if (!selection) return null;
    if (selection.searches) {
      this.#atLeast = true;
      return [...selection.pages, this.#scanPage()];
    }
    return selection.pages.length === 0 ? [HEAD] : selection.pages;
  }

  #visitCustomerOf(customer: Customer, nodes: readonly FieldNode[], wave: number): void {
    for (const fields of this.#furtherOf(nodes)) if (fields[0]?.name.value === 'customer') this.#visitCustomer(customer, fields, wave + 1);
  }

  #visitInvoicesOf(customer: Customer, number: string, nodes: readonly FieldNode[], wave: number): void {
    for (const fields of this.#furtherOf(nodes))
      if (fields[0]?.name.value === 'invoice') this.#visitInvoice(customer, number, fields, wave + 1);
  }

  /** An invoice that is named, so that its contract is known. */
  #visitInvoice(customer: Customer, number: string, nodes: readonly FieldNode[], wave: number): void {
    for (const fields of collect(nodes, 'Invoice', this.#info).values()) {
      if (fields[0]?.name.value !== 'contract') continue;
      const selection = attempt(() => selectContract({ ...this.#info, fieldNodes: fields, path: ROOT }, this.#limits.pageLimits));
      if (selection?.needsBills) this.#visitContract(customer, number, fields, wave);
      // Its key is known already: see invoice.resolver.ts.
      else if (selection) this.#visitCustomerOf(customer, fields, wave);
    }
  }

  /** Whether the invoices of a page, of which nobody knows how many there are, lead to further calls. */
  #readsBelowInvoices(nodes: readonly FieldNode[]): boolean {
    for (const fields of collect(nodes, 'InvoiceConnection', this.#info).values()) {
      const name = fields[0]?.name.value;
      const invoices =
        name === 'nodes'
          ? [fields]
          : name === 'edges'
            ? [...collect(fields, 'InvoiceEdge', this.#info).values()].filter((edge) => edge[0]?.name.value === 'node')
            : [];
      for (const invoice of invoices) {
        for (const contract of collect(invoice, 'Invoice', this.#info).values()) {
          if (contract[0]?.name.value === 'contract' && this.#readsContract(contract)) return true;
        }
      }
    }
    return false;
  }

  #readsContract(nodes: readonly FieldNode[]): boolean {
    for (const fields of collect(nodes, 'Contract', this.#info).values()) {
      this.#step();
      const name = fields[0]?.name.value;
      if (name === '__typename' || name === 'number') continue;
      if (name !== 'customer') return true;
      for (const ofCustomer of collect(fields, 'Customer', this.#info).values()) {
        const customerField = ofCustomer[0]?.name.value;
        if (customerField === 'contract' || customerField === 'contracts' || customerField === 'invoices') return true;
      }
    }
    return false;
  }

  #scanPage(): PageRequest {
    return { offset: 0, first: this.#limits.paging.maxQuantity, probe: false };
  }

  #page(fields: readonly FieldNode[]): PageRequest {
    const node = fields[0] as FieldNode;
    return parsePage(
      argument(node, 'first', this.#info, 'Int'),
      argument(node, 'after', this.#info, 'String'),
      selectsNextPage(fields, this.#info),
      this.#limits.pageLimits,
    );
  }

  #ask(customer: Customer, contractNumber: string | null, page: PageRequest, wave: number): void {
    this.#step();
    const key = contractKey(customer, contractNumber);
    let waves = this.#pages.get(key);
    if (!waves) this.#pages.set(key, (waves = []));
    const pages = (waves[wave] ??= []);
    // The same page again: the usual case where one contract is asked for many times.
    if (pages.some((other) => other.offset === page.offset && other.first === page.first && other.probe === page.probe)) return;
    pages.push(page);
  }

  #step(): void {
    if (++this.#steps > MAX_STEPS) throw new TooManySteps();
  }
}

const ROOT = { prev: undefined, key: '', typename: undefined };

/** What `make` returns; null where it refuses, as it will when the operation is executed. */
function attempt<T>(make: () => T): T | null {
  try {
    return make();
  } catch (error) {
    if (error instanceof TooManySteps) throw error;
    return null;
  }
}
