import type { GraphQLObjectType } from 'graphql';
import type { Paging } from '../../billing/paging/window-plan';
import { BillingError } from '../../billing/model/billing-error';
import { BILLS } from '../../billing/model/bills';
import type { Customer } from '../../billing/model/customer';
import type { ListOwner, OwnedList } from '../../billing/model/paged-list';
import { toScanPage, type AnyPageRequest, type PageLimits, type PageRequest } from '../../billing/model/window';
import { assertBelow } from './argument-check';
import { AskedPages } from './asked-pages';
import { toList } from './argument-values';
import { parseEntityKey } from './entity-keys';
import type { Variables } from './variables/coerce-variables';
import type { PageCosts } from './field-costs';
import type { OperationModel, SelectedField } from './operation-model';
import { MAX_FAILURES } from './requested-operation';
import {
  contractTypeOf,
  EMPTY_PAGE,
  isLong,
  otherPagesOf,
  toFilteredPage,
  toFirstPage,
  selectOfContract,
  selectsNextPage,
  type OtherPage,
  type Place,
} from './selection';

/** What the number of calls depends on besides the operation. */
export interface PredictionLimits {
  readonly paging: Paging;
  /** Lists after which the counting ends with what it has; without it, `MAX_STEPS` bounds it alone. */
  readonly maxLists?: number;
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

/**
 * Predicts the calls of a validated operation, without executing it: the same pages, planned by the same planner as the
 * loads are. What an argument's form will refuse is counted as nothing, for it costs nothing.
 * @param model under the conditions of the variables.
 * @param variables coerced.
 * @param asked takes what is asked.
 */
export function predictCalls(model: OperationModel, variables: Variables, limits: PredictionLimits, asked?: AskedPages): CallPrediction {
  return new Prediction(model, variables, limits, asked ?? new AskedPages(limits.maxLists)).count();
}

/** Ends the walk. */
class TooManySteps extends Error {}

/** One walk over the operation. Pages are gathered in waves: what a field below a contract asks for is planned after it. */
class Prediction {
  readonly #model: OperationModel;
  readonly #limits: PredictionLimits;
  readonly #place: Place;
  readonly #asked: AskedPages;
  /** What is selected of a contract, by the field that returns it: looked at once, however many contracts it returns. */
  readonly #pagesOf = new Map<SelectedField, readonly PageRequest[] | null>();
  #atLeast = false;
  #steps = 0;
  #malformed = 0;

  constructor(model: OperationModel, variables: Variables, limits: PredictionLimits, asked: AskedPages) {
    this.#asked = asked;
    this.#model = model;
    this.#limits = limits;
    this.#place = { variableValues: variables, path: { prev: undefined, key: '', typename: undefined } };
  }

  count(): CallPrediction {
    try {
      for (const field of this.#model.rootFields) this.#visitRoot(field);
    } catch (error) {
      this.#atLeast = error instanceof TooManySteps;
      // A customer cannot be null: one that is not of its form is the whole answer, and no call is made.
      if (error instanceof BillingError) this.#asked.clear();
      else if (!this.#atLeast) throw error;
    }
    return { calls: this.#asked.countCalls(this.#limits.paging), atLeast: this.#atLeast };
  }

  #visitRoot(field: SelectedField): void {
    const { costs } = field;
    if (costs?.reads === 'customer') this.#visitCustomer(costs.parse(field.arguments(this.#place.variableValues)), field.fields, 0);
    else if (costs?.reads === 'contract-by-id') {
      const name = attempt(() => costs.parse(field.arguments(this.#place.variableValues)));
      if (name) this.#visitContract(name.customer, name.number, field, 0);
    } else if (costs?.reads === 'entities')
      for (const representation of toList(field.arguments(this.#place.variableValues)[costs.members]))
        this.#visitEntity(representation, field);
  }

  #visitEntity(representation: unknown, field: SelectedField): void {
    this.#step();
    const key = attempt(() => parseEntityKey(representation));
    if (!key) {
      // Each costs an error that is thrown; the execution refuses an operation that has more of them.
      if (++this.#malformed > MAX_FAILURES) throw new TooManySteps();
      return;
    }
    const type = this.#model.source.schema.getType(key.type) as GraphQLObjectType;
    switch (key.type) {
      case 'Customer':
        this.#visitCustomer(key.customer, field.fieldsOf(type), 0);
        return;
      case 'Contract':
        this.#visitContract(key.customer, key.number, field, 0);
        return;
      case 'Invoice': {
        if (attempt(() => (assertBelow(field, this.#place, { limits: this.#limits.pageLimits, type }), true)) === null) return;
        this.#atLeast = true;
        this.#ask(BILLS, key, this.#scanPage(0), 0);
        this.#visitInvoice(key.customer, key.contractNumber, { fields: field.fieldsOf(type), wave: 1 });
      }
    }
  }

  #visitCustomer(customer: Customer, fields: readonly SelectedField[], wave: number): void {
    for (const field of fields) {
      this.#step();
      const { costs } = field;
      switch (costs?.reads) {
        case 'contract': {
          const number = attempt(() => costs.parse(field.arguments(this.#place.variableValues)));
          if (number !== null) this.#visitContract(customer, number, field, wave);
          break;
        }
        case 'contracts': {
          // One number that is not of its form keeps all of them from being asked for.
          const numbers = attempt(() => ({ members: costs.parse(field.arguments(this.#place.variableValues)) }));
          if (numbers?.members) this.#visitContracts(customer, numbers.members, field, wave);
          else if (numbers && this.#limits.paging.listsContracts) this.#visitListed(customer, field, wave);
          break;
        }
        case 'page': {
          const page = this.#pageOf(field, costs);
          if (!page) break;
          // Where the contracts are listed, all of what they have is asked for first: see Paging.
          const isWhole = this.#limits.paging.listsContracts === true && costs.list === BILLS;
          const filtered = isWhole ? null : toFilteredPage(page);
          const first = isWhole ? this.#scanPage(0) : (filtered?.page ?? toFirstPage(page, this.#limits.paging.maxQuantity));
          this.#ask(costs.list, { customer, contractNumber: null, filter: filtered?.filter }, first, wave);
          const mayReadOn = 'first' in page ? isWhole && isLong(page, this.#limits.paging) : !filtered;
          if (mayReadOn || this.#readsBelow(field)) this.#atLeast = true;
          break;
        }
        case 'scan':
          this.#atLeast = true;
          this.#ask(BILLS, { customer, contractNumber: null }, this.#scanPage(0), wave);
          break;
        default:
      }
    }
  }

  #visitContracts(customer: Customer, numbers: readonly string[], field: SelectedField, wave: number): void {
    const pages = this.#pagesWith(field);
    if (!pages) return;
    const others = this.#otherPagesOf(field);
    for (const number of new Set(numbers)) {
      const owner: ListOwner = { customer, contractNumber: number };
      for (const page of pages) this.#ask(BILLS, owner, page, wave);
      for (const { list, page, filter } of others) this.#ask(list, filter ? { ...owner, filter } : owner, page, wave);
      this.#visitInvoicesOf(customer, number, field, wave);
    }
    // Each of them leads to the same customer: one visit is all.
    if (numbers.length > 0) this.#visitCustomerOf(customer, field, wave);
  }

  /** Contracts that the billing API lists: their own data and pages come in the call that lists them. */
  #visitListed(customer: Customer, field: SelectedField, wave: number): void {
    const pages = this.#pagesWith(field);
    if (!pages) return;
    for (const page of pages) this.#ask(BILLS, { customer, contractNumber: null }, page, wave);
    if (pages.some((page) => pages.length > 1 || isLong(page, this.#limits.paging)) || this.#otherPagesOf(field).length > 0)
      this.#atLeast = true;
    this.#visitCustomerOf(customer, field, wave);
  }

  #visitContract(customer: Customer, number: string, field: SelectedField, wave: number): void {
    this.#visitContracts(customer, [number], field, wave);
  }

  /** The pages that are asked for together with a contract; null where an argument keeps it from being asked for at all. */
  #pagesWith(field: SelectedField): readonly PageRequest[] | null {
    let pages = this.#pagesOf.get(field);
    if (pages === undefined) this.#pagesOf.set(field, (pages = this.#lookAhead(field)));
    return pages;
  }

  #lookAhead(field: SelectedField): readonly PageRequest[] | null {
    const limits = this.#limits.pageLimits;
    const type = contractTypeOf(field);
    const selection = attempt(() => {
      assertBelow(field, this.#place, { limits, type });
      return selectOfContract(field, this.#place, limits);
    });
    if (!selection) return null;
    const readsOn = (each: SelectedField): boolean => each.costs?.reads === 'page' && (this.#isUnplaced(each) || this.#readsBelow(each));
    if (selection.scans.length > 0 || field.fieldsOf(type).some(readsOn)) this.#atLeast = true;
    const pages = [...selection.pages, ...selection.scans.map((position) => this.#scanPage(position))];
    return pages.length === 0 ? [EMPTY_PAGE] : pages;
  }

  #otherPagesOf(field: SelectedField): readonly OtherPage[] {
    const fields = field.fieldsOf(contractTypeOf(field));
    return otherPagesOf(fields, (each, costs) => this.#pageOf(each, costs), this.#limits.paging.maxQuantity);
  }

  /** The page that a field asks for; null where an argument is malformed. */
  #pageOf(field: SelectedField, costs: PageCosts): AnyPageRequest | null {
    return attempt(() => costs.parse(field.arguments(this.#place.variableValues), this.#limits.pageLimits, selectsNextPage(field)));
  }

  /** Visits what is selected of a contract's customer, which its key names. */
  #visitCustomerOf(customer: Customer, field: SelectedField, wave: number): void {
    for (const each of field.fieldsOf(contractTypeOf(field)))
      if (each.costs?.reads === 'key' && each.objectType) this.#visitCustomer(customer, each.fields, wave + 1);
  }

  #visitInvoicesOf(customer: Customer, number: string, field: SelectedField, wave: number): void {
    for (const each of field.fieldsOf(contractTypeOf(field)))
      if (each.costs?.reads === 'search') this.#visitInvoice(customer, number, { fields: each.fields, wave: wave + 1 });
  }

  /** An invoice that is named, so that its contract is known. */
  #visitInvoice(
    customer: Customer,
    number: string,
    { fields, wave }: { readonly fields: readonly SelectedField[]; readonly wave: number },
  ): void {
    for (const field of fields) {
      if (field.costs?.reads !== 'contract-of-invoice') continue;
      const selection = attempt(() => selectOfContract(field, this.#place, this.#limits.pageLimits));
      if (selection?.needsBills) this.#visitContract(customer, number, field, wave);
      // Its key is known already: see invoice.resolver.ts.
      else if (selection) this.#visitCustomerOf(customer, field, wave);
    }
  }

  /** Whether it depends on the list where a page lies: it is counted from the list's end, or filtered. */
  #isUnplaced(field: SelectedField): boolean {
    const page = field.costs?.reads === 'page' ? this.#pageOf(field, field.costs) : null;
    return page !== null && !('first' in page) && toFilteredPage(page) === null;
  }

  /** Whether a page's invoices, whose number is not known in advance, lead to further calls, or their number does. */
  #readsBelow(connection: SelectedField): boolean {
    return connection.fields.some((field) => {
      this.#step();
      if (field.costs?.reads === 'total') return true;
      return field.costs?.reads === 'contract-of-invoice' ? this.#readsContract(field) : this.#readsBelow(field);
    });
  }

  #readsContract(field: SelectedField): boolean {
    return field.fields.some(({ definition, costs, fields }) => {
      this.#step();
      if (!definition) return false;
      return costs?.reads !== 'key' || fields.some((each) => each.costs && each.costs.reads !== 'key');
    });
  }

  #scanPage(position: number): PageRequest {
    return toScanPage(position, this.#limits.paging.maxQuantity);
  }

  #ask(list: OwnedList, owner: ListOwner, page: PageRequest, wave: number): void {
    if (++this.#steps > MAX_STEPS || !this.#asked.add(list, owner, page, wave)) throw new TooManySteps();
  }

  #step(): void {
    if (++this.#steps > MAX_STEPS) throw new TooManySteps();
  }
}

/** What `make` returns; null where it refuses, as it will when the operation is executed. */
function attempt<T>(make: () => T): T | null {
  try {
    return make();
  } catch (error) {
    if (error instanceof TooManySteps) throw error;
    return null;
  }
}
