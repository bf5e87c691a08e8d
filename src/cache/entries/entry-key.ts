import { createHmac } from 'node:crypto';
import { contractKey, type BillsRequest } from '../../billing/ports/billing-source';
import type { Caller } from '../../billing/model/caller';
import type { Window } from '../../billing/model/window';
import type { CallerKeys, KeyRing } from './key-ring';

/** The format of names and entries. Another one is never read: it lies under other names. */
const FORMAT = 'bills:1';

/**
 * Names what is remembered for one question of one caller. It cannot be made without a caller, and the name cannot be
 * computed without the caller's token and the process's secret: who sees names alone learns neither customer nor caller.
 */
export class EntryKey {
  /** The caller's own keys: what lies under this name is sealed with them. */
  readonly keys: CallerKeys;
  /** Name of the list of the contract's remembered windows. */
  readonly index: string;
  /** Name of the answer. Two questions share it if and only if they are equal and of one caller. */
  readonly text: string;
  /** Name of the lock of the call for this answer: on the same node of a cluster, and telling as little. */
  readonly lock: string;

  private constructor(keys: CallerKeys, index: string, window: Window) {
    this.keys = keys;
    this.index = index;
    this.text = this.nameOf(window);
    this.lock = `${this.text}!`;
  }

  /** The key of a question that this caller asks. */
  static of(ring: KeyRing, caller: Caller, request: BillsRequest): EntryKey {
    const keys = ring.of(caller);
    const contract = createHmac('sha256', keys.naming).update(contractKey(request.customer, request.contractNumber)).digest('base64url');
    // The braces keep all names of a contract on one node of a Redis cluster, so that they are read with one command.
    return new EntryKey(keys, `${FORMAT}:{${contract}}`, request.window);
  }

  /** Name of the same contract's answer for another window. */
  nameOf(window: Window): string {
    return `${this.index}${window.offset}.${window.limit}`;
  }
}
