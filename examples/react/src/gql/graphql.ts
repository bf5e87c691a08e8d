/* eslint-disable */
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
export type Maybe<T> = T | null;
export type InputMaybe<T> = T | null | undefined;
export type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
export type MakeOptional<T, K extends keyof T> = Omit<T, K> & { [SubKey in K]?: Maybe<T[SubKey]> };
export type MakeMaybe<T, K extends keyof T> = Omit<T, K> & { [SubKey in K]: Maybe<T[SubKey]> };
export type MakeEmpty<T extends { [key: string]: unknown }, K extends keyof T> = { [_ in K]?: never };
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** A whole number of any size, exact. Written as a JSON number from -2^53 to 2^53, and beyond that as a string with the same digits, since JSON parsers round larger numbers. */
  BigInt: { input: number | string; output: number | string; }
};

/** A postal address, part by part as the billing API holds it. Every part may be absent. */
export type Address = {
  /** City or town. */
  readonly city: Maybe<Scalars['String']['output']>;
  /** Country, as the billing API writes it: a name or a code. */
  readonly country: Maybe<Scalars['String']['output']>;
  /** Neighborhood or district within the city. */
  readonly neighborhood: Maybe<Scalars['String']['output']>;
  /** State, department or province. */
  readonly state: Maybe<Scalars['String']['output']>;
  /** Street and house number. */
  readonly street: Maybe<Scalars['String']['output']>;
  /** Postal code. Text: leading zeros matter. */
  readonly zipCode: Maybe<Scalars['String']['output']>;
};

/** A contract of a customer. */
export type Contract = {
  /** Addresses that bills are sent to; null where the billing API names none. */
  readonly billingAddresses: Maybe<ReadonlyArray<Address>>;
  /** The customer whose contract it is. */
  readonly customer: Customer;
  /** The account's expiration date, exactly as the billing API writes it: text, not an instant. */
  readonly dueDate: Maybe<Scalars['String']['output']>;
  /** One invoice by its number; null where the contract has none of that number. Reads the contract's invoices page by page until it is found, within the operation's call budget. */
  readonly invoice: Maybe<Invoice>;
  /** How many invoices the contract has, and what they sum up to. Reads all of them, page by page, within the operation's call budget and deadline. */
  readonly invoiceSummary: Maybe<InvoiceSummary>;
  /** A page of the contract's invoices, in the order of the billing API. It comes with the contract's own data in one upstream call. */
  readonly invoices: Maybe<InvoiceConnection>;
  /** An id that no other object has, whatever its type: for clients whose stores need one, such as Relay. */
  readonly nodeId: Scalars['ID']['output'];
  /** The contract's number: digits, as they were given. */
  readonly number: Scalars['ID']['output'];
};


/** A contract of a customer. */
export type ContractInvoiceArgs = {
  number: Scalars['ID']['input'];
};


/** A contract of a customer. */
export type ContractInvoiceSummaryArgs = {
  filter?: InputMaybe<InvoiceFilter>;
};


/** A contract of a customer. */
export type ContractInvoicesArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<InvoiceFilter>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
};

/** A customer of the telco, by the identification that the billing API knows. Naming one makes no call: whether the customer exists shows when a contract or an invoice is read. */
export type Customer = {
  /** One of the customer's contracts. Null where the billing API knows no such contract of this customer. */
  readonly contract: Maybe<Contract>;
  /** Several of the customer's contracts, in the order of `numbers`; null at the place of each that the billing API does not know. One upstream call for each different number. Without `numbers`, the contracts that the billing API lists, in one call; most deployments list none, and then this is an error with the code BAD_USER_INPUT. An error about all of them stands at the place of the first. */
  readonly contracts: ReadonlyArray<Maybe<Contract>>;
  /** The identification number: digits, as they were given. */
  readonly id: Scalars['ID']['output'];
  /** The kind of identification, such as "CPF" or "RUC". */
  readonly idType: Scalars['String']['output'];
  /** How many invoices the customer has, whatever the contract, and what they sum up to. Reads all of them, page by page, within the operation's call budget and deadline. Some deployments of the billing API refuse this, as with `invoices`. */
  readonly invoiceSummary: Maybe<InvoiceSummary>;
  /** All the customer's invoices, whatever the contract. Some deployments of the billing API refuse this and ask for a contract: then this is an error with the code BAD_USER_INPUT. */
  readonly invoices: Maybe<InvoiceConnection>;
  /** An id that no other object has, whatever its type: for clients whose stores need one, such as Relay. `id` alone does not tell. */
  readonly nodeId: Scalars['ID']['output'];
};


/** A customer of the telco, by the identification that the billing API knows. Naming one makes no call: whether the customer exists shows when a contract or an invoice is read. */
export type CustomerContractArgs = {
  number: Scalars['ID']['input'];
};


/** A customer of the telco, by the identification that the billing API knows. Naming one makes no call: whether the customer exists shows when a contract or an invoice is read. */
export type CustomerContractsArgs = {
  numbers?: InputMaybe<ReadonlyArray<Scalars['ID']['input']>>;
};


/** A customer of the telco, by the identification that the billing API knows. Naming one makes no call: whether the customer exists shows when a contract or an invoice is read. */
export type CustomerInvoiceSummaryArgs = {
  filter?: InputMaybe<InvoiceFilter>;
};


/** A customer of the telco, by the identification that the billing API knows. Naming one makes no call: whether the customer exists shows when a contract or an invoice is read. */
export type CustomerInvoicesArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<InvoiceFilter>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
};

/** One invoice of a contract. */
export type Invoice = {
  /** The invoice's total, exact. The billing API names no currency. */
  readonly amount: Maybe<Scalars['BigInt']['output']>;
  /** The period that is billed, as the billing API writes it. */
  readonly billPeriod: Maybe<Scalars['String']['output']>;
  /** The contract that the invoice was read under. Its number and customer cost no further upstream call. */
  readonly contract: Maybe<Contract>;
  /** The contract number that the invoice itself carries. */
  readonly contractNumber: Maybe<Scalars['ID']['output']>;
  /** The currency of `amount` (ISO 4217), where the operator of the gateway has said which one it is; null otherwise. */
  readonly currency: Maybe<Scalars['String']['output']>;
  /** The invoice's number. Text: leading zeros matter. */
  readonly number: Maybe<Scalars['ID']['output']>;
  /** What `status` means: "paid" or "unpaid", where the operator of the gateway has said which one true stands for; null otherwise. */
  readonly state: Maybe<Scalars['String']['output']>;
  /** The invoice's status as the billing API gives it. Its contract does not say what true means. */
  readonly status: Maybe<Scalars['Boolean']['output']>;
};

/** A page of invoices, in the order of the billing API. */
export type InvoiceConnection = {
  /** The invoices, each with its cursor. */
  readonly edges: ReadonlyArray<InvoiceEdge>;
  /** The invoices alone, without cursors. */
  readonly nodes: ReadonlyArray<Invoice>;
  /** Where the page lies in the list. */
  readonly pageInfo: PageInfo;
  /** How many invoices the list has, pages aside; with a filter, how many of them it means. The billing API does not say: this takes about 2 log₂ n upstream calls of one invoice each, one after the other, or one if the page ends the list. With a filter, the whole list is read. */
  readonly totalCount: Maybe<Scalars['Int']['output']>;
};

/** An invoice and its place in the list. */
export type InvoiceEdge = {
  /** The invoice's cursor, to be given as `after`. */
  readonly cursor: Scalars['String']['output'];
  /** The invoice. */
  readonly node: Invoice;
};

/** Which invoices are meant. What is left out, or null, excludes none. */
export type InvoiceFilter = {
  /** Only invoices whose period is one of these, exactly as the billing API writes it; at most 100, of 50 characters. */
  readonly billPeriods?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** Only invoices with this status. */
  readonly status?: InputMaybe<Scalars['Boolean']['input']>;
};

/** How many invoices there are, and what they sum up to. */
export type InvoiceSummary = {
  /** The exact sum of their amounts. */
  readonly amount: Scalars['BigInt']['output'];
  /** Invoices that were read and match the filter. */
  readonly count: Scalars['Int']['output'];
  /** False if the end of the list was not seen, because the call budget, the calls of the token, the deadline or a failure ended the reading: then this may be about a part of the invoices. */
  readonly isComplete: Scalars['Boolean']['output'];
  /** Invoices that were counted and have no amount. */
  readonly withoutAmount: Scalars['Int']['output'];
};

/** Where a page lies in its list (Relay Cursor Connections). */
export type PageInfo = {
  /** The last invoice's cursor, to be given as `after` for the next page; null on an empty page. */
  readonly endCursor: Maybe<Scalars['String']['output']>;
  /** Whether invoices follow after this page; with a filter, whether another one was found that it means. */
  readonly hasNextPage: Scalars['Boolean']['output'];
  /** Whether invoices come before this page. With a filter and `last`, whether another one was found that it means; with a filter and `first`, whether `after` is given. */
  readonly hasPreviousPage: Scalars['Boolean']['output'];
  /** The first invoice's cursor; null on an empty page. */
  readonly startCursor: Maybe<Scalars['String']['output']>;
};

/** Where every query starts. */
export type Query = {
  /** A customer, by the identification that the billing API knows. Makes no upstream call by itself. */
  readonly customer: Customer;
  /** A contract by its `nodeId`, for Relay; the same as `Customer.contract`. Null where the billing API knows no such contract. */
  readonly fetch__Contract: Maybe<Contract>;
  /** A customer by its `nodeId`, for Relay; the same as `customer`. Makes no upstream call by itself. */
  readonly fetch__Customer: Customer;
};


/** Where every query starts. */
export type QueryCustomerArgs = {
  id: Scalars['ID']['input'];
  idType: Scalars['String']['input'];
};


/** Where every query starts. */
export type QueryFetch__ContractArgs = {
  nodeId: Scalars['ID']['input'];
};


/** Where every query starts. */
export type QueryFetch__CustomerArgs = {
  nodeId: Scalars['ID']['input'];
};

export type ContractInvoicesQueryVariables = Exact<{
  idType: Scalars['String']['input'];
  id: Scalars['ID']['input'];
  contract: Scalars['ID']['input'];
  first: Scalars['Int']['input'];
  after?: InputMaybe<Scalars['String']['input']>;
}>;


export type ContractInvoicesQuery = { readonly customer: { readonly idType: string, readonly id: string, readonly contract: { readonly number: string, readonly dueDate: string | null, readonly customer: { readonly idType: string, readonly id: string }, readonly invoices: { readonly nodes: ReadonlyArray<{ readonly number: string | null, readonly billPeriod: string | null, readonly amount: number | string | null }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } | null } | null } };


export const ContractInvoicesDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"ContractInvoices"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"idType"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"contract"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"customer"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"idType"},"value":{"kind":"Variable","name":{"kind":"Name","value":"idType"}}},{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"idType"}},{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"contract"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"number"},"value":{"kind":"Variable","name":{"kind":"Name","value":"contract"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"number"}},{"kind":"Field","name":{"kind":"Name","value":"customer"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"idType"}},{"kind":"Field","name":{"kind":"Name","value":"id"}}]}},{"kind":"Field","name":{"kind":"Name","value":"dueDate"}},{"kind":"Field","name":{"kind":"Name","value":"invoices"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"number"}},{"kind":"Field","name":{"kind":"Name","value":"billPeriod"}},{"kind":"Field","name":{"kind":"Name","value":"amount"}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}}]}}]}}]} as unknown as DocumentNode<ContractInvoicesQuery, ContractInvoicesQueryVariables>;