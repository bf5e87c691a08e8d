import type {
  DocumentNode,
  FragmentDefinitionNode,
  GraphQLResolveInfo,
  GraphQLSchema,
  OperationDefinitionNode,
  ResponsePath,
} from 'graphql';
import type { ResultMeter } from '../context/result-meter';
import type { FieldErrors } from './field-errors';
import { pathsOf, type LiveObject } from './live-results';
import type { FieldPlan } from './plan';

/** What an execution is about, the same for all requests with one document. */
export interface RunEnvironment {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
}

/** One execution: what it is about, and whose it is. */
export interface Execution<C> {
  readonly environment: RunEnvironment;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly context: C;
  /** Counts the fields that fail. */
  readonly results: ResultMeter;
  /** Called for each field that is not executed because an earlier alias asked for the same. */
  readonly onRepeat: (info: GraphQLResolveInfo, context: C) => void;
}

/** A plan whose fields with resolvers are completed. */
export interface Completed {
  /** Null where an error has come up to the root. */
  readonly root: LiveObject | null;
  /** Null where no field has failed. */
  readonly errors: FieldErrors | null;
  /** Slots of plain values that came by promises, each with its result and the turn: `[live, slot, turn, …]`. */
  readonly arrivals: readonly unknown[];
}

/** The info of a field for its resolver. */
export function toResolveInfo(
  field: FieldPlan,
  object: LiveObject,
  { schema, operation, fragments }: RunEnvironment,
  variableValues: GraphQLResolveInfo['variableValues'],
): GraphQLResolveInfo {
  return {
    fieldName: field.name,
    fieldNodes: field.nodes,
    returnType: (field.field as NonNullable<FieldPlan['field']>).type,
    parentType: field.parentType,
    path: new FieldPath(object, field.responseKey),
    schema,
    fragments,
    rootValue: undefined,
    operation,
    variableValues,
  };
}

/** The path of a field for its resolver, which hardly ever reads it: only its key is made in advance. */
class FieldPath implements ResponsePath {
  readonly key: string;
  readonly typename: string;
  private readonly live: LiveObject;

  constructor(live: LiveObject, key: string) {
    this.key = key;
    this.typename = live.plan.type.name;
    this.live = live;
  }

  get prev(): ResponsePath | undefined {
    const { parent, slot } = this.live;
    return parent ? pathsOf(parent, slot)[0] : undefined;
  }
}
