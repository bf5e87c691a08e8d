/** Notified of the state of an audit trail. Must not throw. */
export interface AuditObserver {
  /** So many lines are in the file. */
  written(lines: number): void;
  /** The file could not be written. `reason`: the system's error code. Its lines are kept, and tried again. */
  failed(reason: string): void;
  /** So many reads are in no line, because the file could not be written for too long. */
  lost(reads: number): void;
  /** The file was changed by somebody else. */
  changed(): void;
}
