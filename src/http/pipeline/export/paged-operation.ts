import {
  isListType,
  isNonNullType,
  Kind,
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLOutputType,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type VariableDefinitionNode,
} from 'graphql';
import { parseCursor } from '../../../billing/model/cursor';
import { toActiveFilter } from '../../../billing/model/invoice-filter';
import type { NamedList } from '../../../billing/model/paged-list';
import type { Variables } from '../../../graphql/analysis/variables/coerce-variables';
import type { FieldCosts } from '../../../graphql/analysis/field-costs';
import type { SelectedField } from '../../../graphql/analysis/operation-model';
import type { RequestedOperation } from '../../../graphql/analysis/requested-operation';
import { badRequest } from '../../request/graphql-request';
import { RowFilter } from './row-filter';

/** Invoices of a list, by their positions: from `start` on, up to but not including `end`. */
export interface ExportRange {
  readonly start: number;
  /** Infinity: to the list's end. */
  readonly end: number;
  /** Most rows; fewer than the range has where a filter means some of them alone. */
  readonly rows: number;
}

/** An operation that reads one page of the connection that another operation selects, and nothing else. */
export interface PagedOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** Response keys from the data to the connection. */
  readonly path: readonly string[];
  /** What the original operation selects of an invoice. */
  readonly rowField: SelectedField;
  readonly range: ExportRange;
  /** Null: all invoices are meant. */
  readonly filter: RowFilter | null;
  /** The list whose cursors its rows have. */
  readonly list: NamedList;
  /** Names of the variables that say which page it is. */
  readonly variables: PageVariables;
}

interface PageVariables {
  readonly first: string;
  readonly after: string;
}

/**
 * Makes the operation of a page.
 * @param requested a valid operation whose arguments are of their forms.
 * @throws GraphQLError `BAD_REQUEST` where the operation selects anything but one connection.
 */
export function toPagedOperation({ document, operation, model, coerced }: RequestedOperation): PagedOperation {
  const variables = coerced ?? {};
  const fields = findConnection(model.rootFields);
  const connection = fields.at(-1) as Connection;
  const { list } = connection.costs;
  const rowField = findRows(connection);
  const meant = toActiveFilter(connection.arguments(variables)['filter']);
  const filter = meant && new RowFilter(meant, rowField);
  const given = operation.variableDefinitions ?? [];
  const page: PageVariables = { first: toUnusedName('exportFirst', given), after: toUnusedName('exportAfter', given) };
  const paged: OperationDefinitionNode = {
    ...operation,
    directives: [],
    variableDefinitions: [...given, toVariable(page.first, 'Int'), toVariable(page.after, 'String')],
    selectionSet: toPageSelection(fields, toRowSelection(rowField, filter), page),
  };
  return {
    document: { ...document, definitions: [paged, ...document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION)] },
    operation: paged,
    path: fields.map(({ key }) => key),
    rowField,
    range: toRange(connection, list, variables),
    filter,
    list,
    variables: page,
  };
}

function toUnusedName(base: string, given: readonly VariableDefinitionNode[]): string {
  let name = base;
  while (given.some(({ variable }) => variable.name.value === name)) name += '_';
  return name;
}

/** The fields from the root to the one connection. */
function findConnection(rootFields: readonly SelectedField[]): readonly SelectedField[] {
  const found: SelectedField[] = [];
  for (let fields = rootFields; ;) {
    const data = fields.filter(({ definition }) => definition !== undefined);
    const leading = data.filter(leadsToConnection);
    const [field] = leading;
    if (!field)
      throw badRequest(
        'An export needs an operation that selects a connection of invoices: `customer { contract { invoices { nodes { … } } } }` ' +
          'or `customer { invoices { nodes { … } } }`.',
      );
    if (leading.length > 1)
      throw badRequest(`The operation selects several connections (${toNames(leading)}). Export each by an operation of its own.`);
    const others = data.filter((each) => each !== field);
    if (others.length > 0)
      throw badRequest(
        `An export has the rows of one connection, and no place for what is selected beside it (${toNames(others)}). Leave it out, ` +
          `or ask for it in an operation of its own.`,
      );
    if (field.definition && isList(field.definition.type))
      throw badRequest(
        `Each member of the list \`${field.key}\` has a connection of its own. Export them one by one: \`contract(number:)\`.`,
      );
    found.push(field);
    if (isConnection(field)) return found;
    fields = field.fields;
  }
}

/** A field that returns a page of a list. */
type Connection = SelectedField & { readonly costs: Extract<FieldCosts, { readonly reads: 'page' }> };

function isConnection(field: SelectedField): field is Connection {
  return field.costs?.reads === 'page';
}

function leadsToConnection(field: SelectedField): boolean {
  return isConnection(field) || field.fields.some(leadsToConnection);
}

function isList(type: GraphQLOutputType): boolean {
  return isListType(isNonNullType(type) ? type.ofType : type);
}

/** The field whose objects are the rows. */
function findRows(connection: SelectedField): SelectedField {
  const rows = connection.fields.flatMap((field) => {
    const name = field.definition?.name;
    if (name === 'nodes') return [field];
    return name === 'edges' ? field.fields.filter(({ definition }) => definition?.name === 'node') : [];
  });
  // The export itself says what `pageInfo` would: where it ends, and each row's cursor.
  const others = connection.fields.filter(({ definition }) => definition && !['nodes', 'edges', 'pageInfo'].includes(definition.name));
  if (others.length > 0)
    throw badRequest(`An export has no place for \`${toNames(others)}\`. Leave it out, or ask for it in an operation of its own.`);
  const [rowField] = rows;
  if (rowField && rows.length === 1) return rowField;
  throw badRequest(
    `An export writes one row for each invoice: select what is to stand there once, by \`nodes { … }\` or by \`edges { node { … } }\`.`,
  );
}

function toNames(fields: readonly SelectedField[]): string {
  return fields.map(({ key }) => key).join(', ');
}

/** `first` is the number of rows, and not of a page; without it, and whatever the schema's default is, all are meant. */
function toRange(connection: SelectedField, list: NamedList, variables: Variables): ExportRange {
  const { first, after, last, before, filter } = connection.arguments(variables);
  if (last !== undefined && last !== null)
    throw badRequest('An export goes forward. Leave `last` out; `after` and `before` tell where it begins and ends.');
  const start = isAbsent(after) ? 0 : parseCursor(after, 'after', list) + 1;
  const end = Math.max(start, isAbsent(before) ? Infinity : parseCursor(before, 'before', list));
  const rows = isAbsent(first) ? Infinity : Number(first);
  return { start, end: toActiveFilter(filter) ? end : Math.min(end, start + rows), rows };
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

/** What is selected of an invoice at all the places in the document. */
function toRowSelection({ nodes }: SelectedField, filter: RowFilter | null): SelectionSetNode {
  return toSelectionSet([...nodes.flatMap(({ selectionSet }) => selectionSet?.selections ?? []), ...(filter?.fields ?? [])]);
}

/** The fields down to the connection, and of it what a page has to bring. Conditions are met already, and left out. */
function toPageSelection(fields: readonly SelectedField[], row: SelectionSetNode, page: PageVariables): SelectionSetNode {
  const window = [toArgument('first', page.first), toArgument('after', page.after)];
  const rows: FieldNode = {
    kind: Kind.FIELD,
    name: toName('node'),
    selectionSet: row,
  };
  const cursor: FieldNode = { kind: Kind.FIELD, name: toName('cursor') };
  let below: FieldNode = { kind: Kind.FIELD, name: toName('edges'), selectionSet: toSelectionSet([cursor, rows]) };
  for (const field of [...fields].reverse()) {
    const { name, alias, arguments: given = [] } = field.nodes[0];
    const kept = isConnection(field) ? given.filter(({ name: { value } }) => !WINDOW.has(value)).concat(window) : given;
    below = { kind: Kind.FIELD, name, ...(alias && { alias }), arguments: kept, selectionSet: toSelectionSet([below]) };
  }
  return toSelectionSet([below]);
}

const WINDOW: ReadonlySet<string> = new Set(['first', 'after', 'last', 'before', 'filter']);

function toArgument(name: string, variable: string): ArgumentNode {
  return { kind: Kind.ARGUMENT, name: toName(name), value: { kind: Kind.VARIABLE, name: toName(variable) } };
}

function toVariable(variable: string, type: string): VariableDefinitionNode {
  return {
    kind: Kind.VARIABLE_DEFINITION,
    variable: { kind: Kind.VARIABLE, name: toName(variable) },
    type: { kind: Kind.NAMED_TYPE, name: toName(type) },
  };
}

function toSelectionSet(selections: SelectionSetNode['selections']): SelectionSetNode {
  return { kind: Kind.SELECTION_SET, selections };
}

function toName(value: string): { readonly kind: Kind.NAME; readonly value: string } {
  return { kind: Kind.NAME, value };
}
