import type { JsonBuffer } from './json-buffer';

/** Where the results of one object stand in the response, for the aliases that repeat them: those are copies of its bytes. */
export class WrittenSlots {
  /** For each slot: where its value begins and ends, and how many objects it is. */
  readonly #written: number[] = [];

  /** Notes the value that was just written, and what the buffer had before it. */
  note(out: JsonBuffer, slot: number, before: Pick<JsonBuffer, 'length' | 'objects'>): void {
    this.#written[slot * 3] = before.length;
    this.#written[slot * 3 + 1] = out.length;
    this.#written[slot * 3 + 2] = out.objects - before.objects;
  }

  /** Writes a slot's value again. Throws ResultOverflow. */
  repeat(out: JsonBuffer, slot: number): void {
    const written = this.#written;
    out.count(written[slot * 3 + 2] as number);
    out.repeat(written[slot * 3] as number, written[slot * 3 + 1] as number);
  }
}
