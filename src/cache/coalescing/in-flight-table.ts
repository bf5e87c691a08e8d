import type { BillsRequest } from '../../billing/ports/billing-source';
import type { Caller } from '../../billing/model/caller';
import type { Flight } from './in-flight-call';

/** A power of two, several times the calls that are under way at once; more than that only make the rows longer. */
const ROWS = 1024;

/**
 * The calls under way, by caller and question. Not a Map: V8 leaves a pointer from a Map's outgrown table to its next
 * one, with the entries of that moment in both. Once one of them is old, the garbage of every later one counts as
 * reachable: each answer outlived its request (5 KB of 54 KB with 12 invoices), and was copied by the collector twice.
 */
export class FlightTable {
  readonly #rows: (Flight | null)[] = new Array<Flight | null>(ROWS).fill(null);

  /** The call under way for this question of this caller, and of no other. */
  find(caller: Caller, request: BillsRequest): Flight | null {
    for (let flight = this.#rows[rowOf(request)] as Flight | null; flight; flight = flight.next) {
      if (flight.caller.token === caller.token && isSame(flight.request, request)) return flight;
    }
    return null;
  }

  add(flight: Flight): void {
    const row = rowOf(flight.request);
    flight.next = this.#rows[row] as Flight | null;
    this.#rows[row] = flight;
  }

  /** Forgets a call; one that was forgotten before stays so. */
  remove(flight: Flight): void {
    const row = rowOf(flight.request);
    let before: Flight | null = null;
    for (let at = this.#rows[row] as Flight | null; at; before = at, at = at.next) {
      if (at !== flight) continue;
      if (before) before.next = flight.next;
      else this.#rows[row] = flight.next;
      flight.next = null;
      return;
    }
  }
}

/** Spreads contracts and windows over the rows; questions of several callers or customers may well share one. */
function rowOf({ contractNumber, window }: BillsRequest): number {
  let hash = Math.imul(window.offset, 31) ^ window.limit;
  if (contractNumber !== null)
    for (let i = 0; i < contractNumber.length; i++) hash = Math.imul(hash ^ contractNumber.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) & (ROWS - 1);
}

function isSame(a: BillsRequest, b: BillsRequest): boolean {
  return (
    a.contractNumber === b.contractNumber &&
    a.window.offset === b.window.offset &&
    a.window.limit === b.window.limit &&
    a.customer.id === b.customer.id &&
    a.customer.idType === b.customer.idType
  );
}
