import { nameWindow, type RequestIdentity } from '../../billing/ports/request-identity';
import type { Window } from '../../billing/model/window';
import type { CallerKeys, KeyRing } from '../keys/key-ring';

/** Names what is stored for one request. It cannot be made without the request's identity, and so not without a caller. */
export class EntryKey {
  /** The caller's own keys: what lies under this name is sealed with them. */
  readonly keys: CallerKeys;
  /** Name of the index of the list's cached windows. */
  readonly index: string;
  /** Name of the response. Two requests share it if and only if their identities are equal. */
  readonly text: string;

  private constructor(keys: CallerKeys, index: string, window: Window) {
    this.keys = keys;
    this.index = index;
    this.text = nameWindow(index, window);
  }

  static of(ring: KeyRing, identity: RequestIdentity): EntryKey {
    const keys = ring.of(identity.caller);
    return new EntryKey(keys, keys.nameOf(identity.list), identity.window);
  }

  /** Name of the lock of the call for this response: on the same node of a cluster, and telling as little. */
  get lock(): string {
    return `${this.text}!`;
  }

  /** Name of the same list's response for another window. */
  nameOf(window: Window): string {
    return nameWindow(this.index, window);
  }
}
