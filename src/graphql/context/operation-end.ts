import type { ApolloServerPlugin } from '@apollo/server';
import type { FormattedExecutionResult } from 'graphql';
import { toToldName } from '../../telemetry/redaction/reported-name';
import type { OperationOutcome, OperationType } from '../../telemetry/observers/operation-observer';
import type { GatewayContext } from './context';

/** How an operation ended in Apollo Server's pipeline, for who observes it. */
export interface OperationEnd {
  /** Null where it has none, where it was refused before it was found, or where its name is not to be told. */
  readonly operationName: string | null;
  /** Null where it was refused before it was found. */
  readonly operationType: OperationType | null;
  readonly outcome: OperationOutcome;
  /** The codes of its errors, without repetition. */
  readonly codes: readonly string[];
}

const NO_CODES: readonly string[] = [];

/** Notes in the context how the operation ended. */
export const operationEndPlugin: ApolloServerPlugin<GatewayContext> = {
  requestDidStart: () =>
    Promise.resolve({
      willSendResponse: ({ response, operation, contextValue }) => {
        if (response.body.kind !== 'single') return Promise.resolve();
        const result = response.body.singleResult;
        contextValue.ending.end = {
          operationName: toToldName(operation?.name?.value, contextValue.billing?.operation.caller.token),
          operationType: operation?.operation ?? null,
          outcome: toOutcome(result),
          codes: toCodes(result),
        };
        return Promise.resolve();
      },
    }),
};

function toOutcome({ data, errors }: FormattedExecutionResult): OperationOutcome {
  // No `data` at all: nothing was executed (GraphQL specification, section 7.1.2).
  if (data === undefined) return 'refused';
  if (!errors?.length) return 'ok';
  return data === null ? 'failed' : 'partial';
}

function toCodes({ errors }: FormattedExecutionResult): readonly string[] {
  if (!errors?.length) return NO_CODES;
  return [...new Set(errors.map(({ extensions }) => extensions?.['code']).filter((code) => typeof code === 'string'))];
}
