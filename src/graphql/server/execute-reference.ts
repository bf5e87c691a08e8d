import { execute, GraphQLError, type ExecutionResult, type GraphQLSchema } from 'graphql';
import type { RequestedOperation } from '../analysis/requested-operation';
import { haveWideObject } from '../analysis/variables/variables-size';
import type { GatewayContext } from '../context/context';
import { MAX_COERCION_ERRORS } from '../limits/apollo-limits';
import { withoutStacks } from '../../runtime/without-stacks';

/**
 * Executes an operation by graphql-js, whose rules are the reference for the compiled execution: for everything that this
 * does not cover. Variables that are not of their types come back as request errors with the code that Apollo Server
 * gives them, and without data.
 * @param request with its variables as they came.
 */
export async function executeReference(
  requested: RequestedOperation,
  schema: GraphQLSchema,
  context: GatewayContext,
): Promise<ExecutionResult> {
  const { document, operation, variables } = requested;
  // Each error repeats the value that it is about, and an object's in full: 50 of them take 20 ms for 2,000 members.
  const maxCoercionErrors = requested.coerced === null && haveWideObject(variables, operation) ? 1 : MAX_COERCION_ERRORS;
  const run = (): ReturnType<typeof execute> =>
    execute({
      schema,
      document,
      operationName: operation.name?.value,
      variableValues: variables,
      contextValue: context,
      options: { maxCoercionErrors },
    });
  // Nothing is resolved then, so that no stack of ours is lost: those of 50 errors take five milliseconds.
  if (requested.coerced === null) return withoutStacks(() => toRefused(run() as ExecutionResult));
  return toRefused(await run());
}

function toRefused(result: ExecutionResult): ExecutionResult {
  return 'data' in result || !result.errors ? result : { errors: result.errors.map(toUserInputError) };
}

function toUserInputError(error: GraphQLError): GraphQLError {
  if (error.extensions['code'] !== undefined || !error.nodes) return error;
  return new GraphQLError(error.message, {
    nodes: error.nodes,
    originalError: error.originalError ?? error,
    extensions: { ...error.extensions, code: 'BAD_USER_INPUT' },
  });
}
