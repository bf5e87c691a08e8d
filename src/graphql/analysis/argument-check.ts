import { getArgumentValues, GraphQLError, Kind, locatedError, type GraphQLObjectType, type GraphQLResolveInfo } from 'graphql';
import { BillingError } from '../../billing/model/billing-error';
import type { PageLimits } from '../../billing/model/window';
import { fieldOf, modelOf, type FieldInfo, type SelectedField } from './operation-model';
import { pathOf, type LookAheadContext, type Place } from './selection';

/**
 * Holds the arguments of all fields below a field against their forms, however deep they stand: a call whose answer
 * leads to a field that cannot be answered is not made.
 * @param type of what the field returns, where that is one of several.
 * @throws GraphQLError at the path of the field whose argument is not of its form, places in lists left out.
 */
export function assertArgumentsBelow(info: FieldInfo, context: LookAheadContext, type?: GraphQLObjectType): void {
  assertBelow(fieldOf(info, context), info, { limits: context.pageLimits, type });
}

/** The same for a field of a model. */
export function assertBelow(
  field: SelectedField,
  place: Place,
  { limits, type = field.objectType ?? undefined }: { readonly limits: PageLimits; readonly type?: GraphQLObjectType | undefined },
): void {
  // Next to no operation leads back from what it reads to a contract or a customer: seen once for each model.
  if (type && field.leadsBackFrom(type)) checkAll(field.fieldsOf(type), { place, limits, keys: [] });
}

/**
 * Holds the other root fields against their forms before the first one is executed. A customer that is not of its form
 * costs the whole answer, since it cannot be null: what another root field asks for would be asked for nothing.
 */
export function assertRootArguments(info: GraphQLResolveInfo, context: LookAheadContext): void {
  // Nearly all operations have one root field and need no model here.
  const { selections } = info.operation.selectionSet;
  if (selections.length === 1 && selections[0]?.kind === Kind.FIELD) return;
  const { rootFields } = modelOf(context);
  // Root fields are executed in order: the first one that looks has looked for all.
  if (rootFields.find(looksForAll)?.key !== info.path.key) return;
  for (const field of rootFields) checkRoot(field, info, context.pageLimits);
}

/** Whether executing a root field calls `assertRootArguments`. */
function looksForAll({ costs }: SelectedField): boolean {
  return costs?.reads === 'customer' || costs?.reads === 'entities';
}

/** Whether a root field is not of its form and cannot be null: then there is no answer, and nothing is to be asked for. */
export function isWholeRefused(info: GraphQLResolveInfo, context: LookAheadContext): boolean {
  const { rootFields } = modelOf(context);
  try {
    for (const field of rootFields) checkRoot(field, info, context.pageLimits);
    return false;
  } catch {
    return true;
  }
}

function checkRoot(field: SelectedField, info: GraphQLResolveInfo, limits: PageLimits): void {
  // A contract can be null: it costs itself.
  if (field.costs?.reads === 'contract-by-id') return;
  check(field, { place: { ...info, path: { prev: undefined, key: field.key, typename: undefined } }, limits, keys: [] });
}

interface Walk {
  readonly place: Place;
  readonly limits: PageLimits;
  /** Response keys below the place's path. */
  readonly keys: readonly string[];
}

function checkAll(fields: readonly SelectedField[], walk: Walk): void {
  for (const field of fields) {
    const below: Walk = { ...walk, keys: [...walk.keys, field.key] };
    check(field, below);
    checkAll(field.fields, below);
  }
}

function check(field: SelectedField, { place, limits, keys }: Walk): void {
  const { costs, nodes } = field;
  if (!costs || !('parse' in costs)) return;
  try {
    costs.parse(field.arguments(place.variableValues), limits, false);
  } catch (error) {
    if (!(error instanceof BillingError)) throw error;
    const path = [...pathOf(place.path), ...keys];
    assertMakeable(field, place, path);
    throw new GraphQLError(error.message, { nodes, path, originalError: error });
  }
}

/** Null where none may be is refused as graphql-js refuses it, whether it meets the field or this check does first. */
function assertMakeable({ definition, nodes }: SelectedField, { variableValues }: Place, path: readonly (string | number)[]): void {
  try {
    if (definition) getArgumentValues(definition, nodes[0], variableValues);
  } catch (error) {
    throw locatedError(error, nodes, path);
  }
}
