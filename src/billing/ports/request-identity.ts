import type { Caller } from '../model/caller';
import { listPrefix, type OwnedList } from '../model/paged-list';
import type { Window } from '../model/window';
import type { BillsRequest } from './billing-source';

/**
 * What makes two requests to the billing API the same: the one place that says so. Cache entries, in-flight deduplication and
 * the response cache build their keys from it, or from the caller's part of it: nothing else decides who may share a response.
 * Whatever is forwarded to the billing API is part of `Caller.identity`, and so of this.
 */
export class RequestIdentity {
  readonly caller: Caller;
  readonly window: Window;
  /** Equal for two requests if and only if they ask for the same list, on behalf of the same caller. */
  readonly list: string;
  /** Equal for two requests if and only if the billing API may be asked once for both: the list, and the window. */
  readonly text: string;

  private constructor(caller: Caller, list: OwnedList, request: BillsRequest) {
    this.caller = caller;
    this.window = request.window;
    // A caller's identity says by itself where it ends: a digest of fixed length, and perhaps a JSON list.
    this.list = `${caller.identity} ${listPrefix(list)}${list.identity(request)}`;
    this.text = nameWindow(this.list, request.window);
  }

  static of(caller: Caller, list: OwnedList, request: BillsRequest): RequestIdentity {
    return new RequestIdentity(caller, list, request);
  }
}

/** A text for one window of what `list` stands for; two windows share it if and only if they are equal. */
export function nameWindow(list: string, { offset, limit }: Window): string {
  return `${list}/${offset}.${limit}`;
}
