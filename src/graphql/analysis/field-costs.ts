import type { GraphQLField } from 'graphql';
import { BILLS } from '../../billing/model/bills';
import type { Customer } from '../../billing/model/customer';
import type { ContractName } from '../../billing/model/node-id';
import type { OwnedList } from '../../billing/model/paged-list';
import type { AnyPageRequest, PageLimits } from '../../billing/model/window';

/** A field's arguments by name, before they are held to their forms; undefined where they are not given. */
export type FieldArguments = Readonly<Record<string, unknown>>;

/**
 * What executing a field asks the billing API for, and how its arguments are read. `parse` throws BillingError where they
 * are not of their form: nothing is asked then.
 */
export type FieldCosts =
  /** Nothing, and it says nothing about anybody: needs no token. */
  | { readonly reads: 'public' }
  /** Names a customer, which makes no call. */
  | { readonly reads: 'customer'; readonly parse: (args: FieldArguments) => Customer }
  /** A contract of the customer: one call, together with its pages. */
  | { readonly reads: 'contract'; readonly parse: (args: FieldArguments) => string }
  /** A contract by an id that names its customer as well: as `contract`, at the root. */
  | { readonly reads: 'contract-by-id'; readonly parse: (args: FieldArguments) => ContractName }
  /** Contracts of the customer, one for each member of the argument `members`; null without it: those that the billing API lists. */
  | { readonly reads: 'contracts'; readonly members: string; readonly parse: (args: FieldArguments) => readonly string[] | null }
  /** The contract that an invoice was read under. */
  | { readonly reads: 'contract-of-invoice' }
  /** Known from the contract's key: makes no call. */
  | { readonly reads: 'key' }
  /** A page of a list, of the contract's or of the whole customer's. */
  | PageCosts
  /** Whether a page is followed by another: one invoice more than the page shows. */
  | { readonly reads: 'next-page' }
  /** Whether a page is preceded by another: for a filtered page that is counted from its end, one match more than it shows. */
  | { readonly reads: 'previous-page' }
  /** An invoice by its number: the contract's list from its start on. */
  | { readonly reads: 'search'; readonly parse: (args: FieldArguments) => string }
  /** All invoices of the contract or of the whole customer: the list from its start on, to its end. */
  | { readonly reads: 'scan'; readonly parse: (args: FieldArguments) => unknown }
  /** How long a page's list is, which is searched for. */
  | { readonly reads: 'total' }
  /** Entities, one for each member of the argument `members`. */
  | { readonly reads: 'entities'; readonly members: string };

/** What a field costs that reads a page of a list. `probe`: whether it is asked if another page follows. */
export interface PageCosts {
  readonly reads: 'page';
  readonly list: OwnedList;
  readonly parse: (args: FieldArguments, limits: PageLimits, probe: boolean) => AnyPageRequest;
}

/** Whether a page of a contract's comes in one call with the contract's own data. */
export function comesWithContract({ list }: PageCosts): boolean {
  return list.name === BILLS.name;
}

/** Declares what a field costs, where the field is defined: `@Extensions(costs({ reads: … }))`. Every field with a resolver does. */
export function costs(declared: FieldCosts): { readonly costs: FieldCosts } {
  return { costs: declared };
}

/** What a field has declared; null for a field that is a property of its object, and costs nothing by itself. */
export function costsOf(field: Pick<GraphQLField<unknown, unknown>, 'extensions'> | undefined): FieldCosts | null {
  return (field?.extensions['costs'] as FieldCosts | undefined) ?? null;
}
