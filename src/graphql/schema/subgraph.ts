import { getDocumentNodeFromSchema } from '@graphql-tools/utils';
import { extendSchema, isUnionType, parse, print, type GraphQLField, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql';
import { resolveEntities, typenameOf } from './entities';
import { costs } from '../analysis/field-costs';
import type { GatewayContext } from '../context/context';
import { getClientSchema } from './schema';
import { COST_LINK, withCosts } from './subgraph-costs';

/** The lowest version that has what the schema uses: `@link`, `@shareable` and `@inaccessible` came with 2.0, and nothing here is newer. */
const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key", "@shareable", "@inaccessible"]) ${COST_LINK}`;

/** What a subgraph serves beside its own schema (Federation 2, subgraph specification). */
export const SUBGRAPH_FIELDS = parse(`
  """A representation of an entity: its type and its key."""
  scalar _Any
  """The entities of this subgraph."""
  union _Entity = Contract | Customer | Invoice
  """Fields of a type as text, as @key names them."""
  scalar federation__FieldSet
  """Something that @link imports."""
  scalar link__Import
  """What a feature that @link names is needed for."""
  enum link__Purpose {
    """To keep data safe."""
    SECURITY
    """To execute operations."""
    EXECUTION
  }
  """What a router or a composition asks a subgraph for."""
  type _Service {
    """The schema of the subgraph, with its federation directives."""
    sdl: String!
  }
  extend type Query {
    """The entities of the representations, in their order. For routers."""
    _entities(representations: [_Any!]!): [_Entity]!
    """The subgraph itself. For routers and composition."""
    _service: _Service!
  }
`);

/** The schema with its federation and cost directives, as SDL. A pure function of the source tree. */
export function printSubgraph(schema: GraphQLSchema = getClientSchema()): string {
  return `${LINK}\n\n${print(withCosts(getDocumentNodeFromSchema(schema), schema))}\n`;
}

let servedSdl: string | undefined;

/**
 * Builds the served schema: the clients' schema and the subgraph's additions. Each call returns a new one, which the caller may
 * modify. @apollo/subgraph is not used: it would load all of composition (16 MiB of memory) to parse what was just printed.
 * Tests compare the SDL with that library and with composition.
 */
export function buildServedSchema(): GraphQLSchema {
  const clientSchema = getClientSchema();
  const sdl = (servedSdl ??= printSubgraph(clientSchema));
  // A test checks that the extension is valid; checking it at each start would take a third of the time.
  const served = extendSchema(clientSchema, SUBGRAPH_FIELDS, { assumeValidSDL: true });
  const fields = served.getQueryType()?.getFields() as Record<'_service' | '_entities', GraphQLField<unknown, GatewayContext>>;
  fields._service.resolve = () => ({ sdl });
  fields._service.extensions = costs({ reads: 'public' });
  fields._entities.extensions = costs({ reads: 'entities', members: 'representations' });
  fields._entities.resolve = resolveEntities as GraphQLFieldResolver<unknown, GatewayContext>;
  const union = served.getType('_Entity');
  if (isUnionType(union)) union.resolveType = typenameOf;
  return served;
}
