import {
  isAbstractType,
  Kind,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';
import { ownValue, type Conditions } from './variables/coerce-variables';

/** What collecting fields depends on besides their selection sets. */
export interface CollectContext {
  readonly schema: GraphQLSchema;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly conditions: Conditions;
  readonly found: Findings;
}

/** Facts recorded while collecting fields. */
export interface Findings {
  /** The variables that the selection depended on. */
  readonly conditionNames: Set<string>;
  /** Number of fields collected, counting fields with the same response key once. */
  fields: number;
}

/** Anything that has a selection set: fields, and operations. */
export interface Selecting {
  readonly selectionSet?: SelectionSetNode | undefined;
}

/** The fields selected of an object of a type, by response key (GraphQL specification, section 6.3.2, CollectFields). */
export function collectFields(
  parents: readonly Selecting[],
  type: GraphQLObjectType,
  context: CollectContext,
): ReadonlyMap<string, readonly FieldNode[]> {
  const { schema, fragments } = context;
  const fields = new Map<string, FieldNode[]>();
  const visited = new Set<FragmentDefinitionNode>();
  const applies = (condition: string | undefined): boolean => {
    if (condition === undefined || condition === type.name) return true;
    const named = schema.getType(condition);
    return isAbstractType(named) && schema.isSubType(named, type);
  };
  const visit = (set: SelectionSetNode): void => {
    for (const selection of set.selections) {
      if (selection.directives?.length && !isIncluded(selection.directives, context)) continue;
      if (selection.kind === Kind.FIELD) {
        const key = selection.alias?.value ?? selection.name.value;
        const same = fields.get(key);
        if (same) same.push(selection);
        else fields.set(key, [selection]);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        if (applies(selection.typeCondition?.name.value)) visit(selection.selectionSet);
      } else {
        const fragment = fragments[selection.name.value];
        if (!fragment || visited.has(fragment) || !applies(fragment.typeCondition.name.value)) continue;
        visited.add(fragment);
        visit(fragment.selectionSet);
      }
    }
  };
  for (const parent of parents) if (parent.selectionSet) visit(parent.selectionSet);
  context.found.fields += fields.size;
  return fields;
}

function isIncluded(directives: NonNullable<FieldNode['directives']>, { conditions, found }: CollectContext): boolean {
  for (const directive of directives) {
    const name = directive.name.value;
    if (name !== 'skip' && name !== 'include') continue;
    const condition = directive.arguments?.[0]?.value;
    if (condition?.kind === Kind.VARIABLE) found.conditionNames.add(condition.name.value);
    const value =
      condition?.kind === Kind.VARIABLE ? ownValue(conditions, condition.name.value) : condition?.kind === Kind.BOOLEAN && condition.value;
    if (value === (name === 'skip')) return false;
  }
  return true;
}
