import type { OperationObserver } from './operation-observer';
import type { ServerObserver } from './server-observer';

/** One observer that tells all of these. */
export function toOperationObserver(observers: readonly OperationObserver[]): OperationObserver {
  return {
    operationEnded: (record) => {
      for (const observer of observers) observer.operationEnded(record);
    },
  };
}

/** One observer that tells all of these. */
export function toServerObserver(observers: readonly ServerObserver[]): ServerObserver {
  return {
    requestShed: (token) => {
      for (const observer of observers) observer.requestShed(token);
    },
    connectionCut: (reason) => {
      for (const observer of observers) observer.connectionCut(reason);
    },
  };
}
