import { GraphQLError, Kind, type FieldNode, type GraphQLResolveInfo, type SelectionSetNode } from 'graphql';
import { BillingError } from '../../billing/model/billing-error';
import { parseContractNumber, parseCustomer, parseInvoiceNumber } from '../../billing/model/customer';
import { parsePage, type PageLimits } from '../../billing/model/window';
import { toIds } from './list-arguments';
import { argument, collect, pathOf, type SelectionInfo } from './selection';

type TypeName = 'Query' | 'Customer' | 'Contract' | 'InvoiceConnection' | 'InvoiceEdge' | 'Invoice';

/** The fields that lead on to other fields with arguments, and the type that each leads to. */
const FURTHER: Readonly<Record<TypeName, Readonly<Record<string, TypeName>>>> = {
  Query: { customer: 'Customer' },
  Customer: { contract: 'Contract', contracts: 'Contract', invoices: 'InvoiceConnection' },
  Contract: { customer: 'Customer', invoices: 'InvoiceConnection', invoice: 'Invoice' },
  InvoiceConnection: { nodes: 'Invoice', edges: 'InvoiceEdge' },
  InvoiceEdge: { node: 'Invoice' },
  Invoice: { contract: 'Contract' },
};

/**
 * Holds the arguments of all fields below a field against their forms, however deep they stand: a call whose answer
 * leads to a field that cannot be answered is not made.
 * @param typeName the type that `info.fieldNodes` return.
 * @throws GraphQLError at the path of the field whose argument is not of its form, places in lists left out.
 */
export function assertArgumentsBelow(typeName: TypeName, info: SelectionInfo, limits: PageLimits): void {
  // Next to no operation leads back from what it reads to a contract or a customer: seen once per document.
  if (!info.fieldNodes.some((node) => leadsBack(node, info.fragments))) return;
  visit(info.fieldNodes, typeName, { info, limits, keys: [] });
}

/**
 * Holds the other root fields against their forms before the first one is executed. A customer that is not of its form
 * costs the whole answer, since it cannot be null: what another root field asks for would be asked for nothing.
 */
export function assertRootArguments(info: GraphQLResolveInfo, limits: PageLimits): void {
  const { selections } = info.operation.selectionSet;
  if (selections.length === 1 && selections[0]?.kind === Kind.FIELD) return;
  const fields = collect([info.operation], 'Query', info);
  // Root fields are executed in order: the first one has looked for all.
  if (fields.keys().next().value !== info.path.key) return;
  for (const [key, nodes] of fields)
    checkArguments('Query', nodes, { info: { ...info, path: { prev: undefined, key, typename: undefined } }, limits, keys: [] });
}

interface Place {
  readonly info: SelectionInfo;
  readonly limits: PageLimits;
  /** Response keys below `info.path`. */
  readonly keys: readonly string[];
}

function visit(nodes: readonly FieldNode[], typeName: TypeName, place: Place): void {
  for (const [key, fields] of collect(nodes, typeName, place.info)) {
    const next = FURTHER[typeName][(fields[0] as FieldNode).name.value];
    if (!next) continue;
    const below: Place = { ...place, keys: [...place.keys, key] };
    checkArguments(typeName, fields, below);
    visit(fields, next, below);
  }
}

/** Fields under which there are arguments that the fields' own resolvers have not yet seen. */
const BACK: ReadonlySet<string> = new Set(['customer', 'contract', 'contracts']);
const knownToLeadBack = new WeakMap<FieldNode, boolean>();

/** Whether a field of that kind stands anywhere below; `@skip` and `@include` apart. */
function leadsBack(node: FieldNode, fragments: SelectionInfo['fragments']): boolean {
  const known = knownToLeadBack.get(node);
  if (known !== undefined) return known;
  const seen = new Set<string>();
  const look = (set: SelectionSetNode | undefined): boolean =>
    set?.selections.some((selection) => {
      if (selection.kind === Kind.FIELD) return BACK.has(selection.name.value) || look(selection.selectionSet);
      if (selection.kind === Kind.INLINE_FRAGMENT) return look(selection.selectionSet);
      const { value } = selection.name;
      if (seen.has(value)) return false;
      seen.add(value);
      return look(fragments[value]?.selectionSet);
    }) ?? false;
  const leads = look(node.selectionSet);
  knownToLeadBack.set(node, leads);
  return leads;
}

function checkArguments(typeName: TypeName, nodes: readonly FieldNode[], { info, limits, keys }: Place): void {
  const node = nodes[0] as FieldNode;
  try {
    switch (`${typeName}.${node.name.value}`) {
      case 'Query.customer':
        parseCustomer(argument(node, 'idType', info, 'String'), argument(node, 'id', info, 'ID'));
        return;
      case 'Customer.contract':
        parseContractNumber(argument(node, 'number', info, 'ID'));
        return;
      case 'Customer.contracts':
        for (const number of toIds(node, info.variableValues)) parseContractNumber(number, 'numbers');
        return;
      case 'Customer.invoices':
      case 'Contract.invoices':
        parsePage(argument(node, 'first', info, 'Int'), argument(node, 'after', info, 'String'), false, limits);
        return;
      case 'Contract.invoice':
        parseInvoiceNumber(argument(node, 'number', info, 'ID'));
    }
  } catch (error) {
    if (!(error instanceof BillingError)) throw error;
    throw new GraphQLError(error.message, { nodes, path: [...pathOf(info.path), ...keys], originalError: error });
  }
}
