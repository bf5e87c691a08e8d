import type { Caller } from '../model/caller';
import type { Window } from '../model/window';
import { contractKey, type BillsRequest } from './billing-source';

/**
 * What makes two requests for bills the same: the one place that says so. Cache entries, in-flight deduplication and the
 * response cache build their keys from it, or from the caller's part of it: nothing else decides who may share a response.
 * Whatever is forwarded to the billing API is part of `Caller.identity`, and so of this.
 */
export class BillsIdentity {
  readonly caller: Caller;
  readonly window: Window;
  /** Equal for two requests if and only if they ask for the same contract of the same customer, on behalf of the same caller. */
  readonly contract: string;
  /** Equal for two requests if and only if the billing API may be asked once for both: the contract, and the window. */
  readonly text: string;

  private constructor(caller: Caller, { customer, contractNumber, window }: BillsRequest) {
    this.caller = caller;
    this.window = window;
    // A contract's key holds no space (see contractKey), so that the last one ends the caller's part.
    this.contract = `${caller.identity} ${contractKey(customer, contractNumber)}`;
    this.text = nameWindow(this.contract, window);
  }

  static of(caller: Caller, request: BillsRequest): BillsIdentity {
    return new BillsIdentity(caller, request);
  }
}

/** A text for one window of what `contract` stands for; two windows share it if and only if they are equal. */
export function nameWindow(contract: string, { offset, limit }: Window): string {
  return `${contract}/${offset}.${limit}`;
}
