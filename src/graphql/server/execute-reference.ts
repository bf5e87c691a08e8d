import { execute, GraphQLError, type ExecutionResult, type GraphQLSchema } from 'graphql';
import type { OperationRequest } from '../analysis/requested-operation';
import type { GatewayContext } from '../context/context';
import { MAX_COERCION_ERRORS } from '../limits/apollo-limits';

/**
 * Executes an operation by graphql-js, whose rules are the reference for the compiled execution: for everything that this
 * does not cover. Variables that are not of their types come back as request errors with the code that Apollo Server
 * gives them, and without data.
 * @param request with its variables as they came.
 */
export async function executeReference(
  { document, operation, variables }: OperationRequest,
  schema: GraphQLSchema,
  context: GatewayContext,
): Promise<ExecutionResult> {
  const result = await execute({
    schema,
    document,
    operationName: operation.name?.value,
    variableValues: variables,
    contextValue: context,
    options: { maxCoercionErrors: MAX_COERCION_ERRORS },
  });
  if ('data' in result || !result.errors) return result;
  return { errors: result.errors.map(toUserInputError) };
}

function toUserInputError(error: GraphQLError): GraphQLError {
  if (error.extensions['code'] !== undefined || !error.nodes) return error;
  return new GraphQLError(error.message, {
    nodes: error.nodes,
    originalError: error.originalError ?? error,
    extensions: { ...error.extensions, code: 'BAD_USER_INPUT' },
  });
}
