/** How an answer differs from the contract: a field that it does not name, one that is not there, a value of another type. */
export type DriftKind = 'unknown' | 'missing' | 'retyped';

/** Notified of how the billing API's responses differ from the contract. Must not throw. */
export interface DriftObserver {
  /** An answer was looked at, whatever was found. */
  answerChecked(): void;
  /** It differs, at a path by the contract's names, such as `invoiceCollection[].billPeriod`: once for each path. */
  drifted(kind: DriftKind, path: string): void;
}
