import type { Caller } from '../../billing/model/caller';

/** Names and protects the entries of one caller, and of nobody else. */
export interface CallerKeys {
  /** When the token itself ends, in milliseconds since the epoch; Infinity where it does not say. */
  readonly expiresAtMs: number;
  /** Under which name something is stored. Two texts get the same name if and only if they are equal. */
  nameOf(text: string): string;
  /** The parts as one value that opens under this name alone, for this caller alone. It has memory of its own, of just its size. */
  seal(name: string, ...parts: readonly Buffer[]): Buffer;
  /** What was sealed under this name for this caller; null for everything else, whatever it is. */
  open(name: string, sealed: Buffer): Buffer | null;
}

/** Gives every caller its keys. */
export interface KeyRing {
  of(caller: Caller): CallerKeys;
}
