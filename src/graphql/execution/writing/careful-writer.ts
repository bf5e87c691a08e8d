import type { ResponsePath } from 'graphql';
import { MAX_FAILURES } from '../../analysis/requested-operation';
import type { ResultMeter } from '../../context/result-meter';
import { Fallback, fallBack } from '../fallback';
import type { FieldErrors } from '../field-errors';
import { isLive, LiveList, LiveObject, type LiveResult } from '../live-results';
import { memberOf, type FieldPlan, type ListPlan, type ObjectPlan, type ValuePlan } from '../plan';
import type { Completed } from '../run-environment';
import { ResultOverflow, type JsonBuffer } from './json-buffer';
import { CLOSE_LIST, CLOSE_OBJECT, NULL, OPEN_LIST, OPEN_OBJECT, writeLeaf, writeValue } from './write';

/** What reading a value has thrown, on its way up to the nearest value that may be null. */
class LeafFailure extends Error {
  readonly thrown: unknown;
  readonly path: ResponsePath;

  constructor(thrown: unknown, path: ResponsePath) {
    super('a value that cannot be null could not be read');
    this.thrown = thrown;
    this.path = path;
  }
}

/** Where a plain value stands, and in which turn graphql-js would have read it. */
interface Place {
  readonly path: ResponsePath;
  readonly field: FieldPlan;
  readonly turn: number;
}

/**
 * Writes a response in which a value cannot be read: such a value becomes null, or the nearest one above it that may be
 * null, and its error is noted. What can be read is written as ever, so that one bad value costs little more than itself.
 */
export class CarefulWriter {
  readonly #out: JsonBuffer;
  readonly #errors: FieldErrors;
  readonly #results: ResultMeter;
  readonly #arrivals = new Map<LiveResult, Map<number, number>>();

  constructor(
    out: JsonBuffer,
    {
      errors,
      results,
      arrivals,
    }: { readonly errors: FieldErrors; readonly results: ResultMeter; readonly arrivals: Completed['arrivals'] },
  ) {
    this.#out = out;
    this.#errors = errors;
    this.#results = results;
    for (let i = 0; i < arrivals.length; i += 3) {
      const live = arrivals[i] as LiveResult;
      let slots = this.#arrivals.get(live);
      if (!slots) this.#arrivals.set(live, (slots = new Map<number, number>()));
      slots.set(arrivals[i + 1] as number, arrivals[i + 2] as number);
    }
  }

  /**
   * Writes an object with all that is below it. Throws Fallback where a value is not what its type says, and ResultOverflow where too
   * many values cannot be read.
   */
  writeObject(object: LiveObject, prev: ResponsePath | undefined): void {
    const out = this.#out;
    const { plan, source, results } = object;
    out.count(1);
    out.literal(OPEN_OBJECT);
    for (const field of plan.fields) {
      out.literal(field.prefix);
      if (field.constant) {
        out.literal(field.constant);
        continue;
      }
      const place: Place = {
        path: { prev, key: field.responseKey, typename: plan.type.name },
        field,
        turn: this.#turnOf(object, field.slot),
      };
      if (field.slot < 0) this.#protect(field.value, place, () => source[field.name], true);
      else this.#writeSlot(object, field.slot, results[field.slot], place);
    }
    out.literal(CLOSE_OBJECT);
  }

  #turnOf(live: LiveResult, slot: number): number {
    return this.#arrivals.get(live)?.get(slot) ?? live.turn;
  }

  #writeSlot(live: LiveResult, slot: number, result: unknown, place: Place): void {
    if (result instanceof LiveObject) this.writeObject(result, place.path);
    else if (result instanceof LiveList) this.#writeLiveList(result, place);
    else {
      if (result === null) this.#errors.pass(live, slot);
      this.#protect(live.planOf(slot), place, () => result, true);
    }
  }

  #writeLiveList(list: LiveList, place: Place): void {
    const out = this.#out;
    out.literal(OPEN_LIST);
    list.results.forEach((result, index) => {
      if (index > 0) out.ascii(',');
      const path = { prev: place.path, key: index, typename: undefined };
      this.#writeSlot(list, index, result, { ...place, path, turn: this.#turnOf(list, index) });
    });
    out.literal(CLOSE_LIST);
  }

  /** Reads and writes a value. `isEdge`: what it is in has fields with resolvers. */
  #protect(plan: ValuePlan, place: Place, read: () => unknown, isEdge: boolean): void {
    const { length, objects } = this.#out;
    try {
      const value = read();
      if (!this.#tryWrite(plan, value)) this.#writeParts(plan, value, place);
    } catch (error) {
      if (error instanceof ResultOverflow || error instanceof Fallback) throw error;
      const failure = error instanceof LeafFailure ? error : new LeafFailure(error, place.path);
      if (!plan.nullable) {
        // graphql-js would not have executed the fields after it.
        if (isEdge) fallBack('a value that cannot be null, beside fields with resolvers');
        throw failure;
      }
      this.#out.rewind(length, objects);
      this.#out.literal(NULL);
      this.#errors.addPlain(failure.thrown, failure.path, place.turn);
      if (!this.#results.fail(failure.thrown)) throw new ResultOverflow('failures', MAX_FAILURES + 1);
    }
  }

  /** Writes a value as ever; false, and nothing written, where something in it cannot be. */
  #tryWrite(plan: ValuePlan, value: unknown): boolean {
    const { length, objects } = this.#out;
    try {
      writeValue(this.#out, plan, value);
      return true;
    } catch (error) {
      if (error instanceof ResultOverflow) throw error;
      this.#out.rewind(length, objects);
      return false;
    }
  }

  #writeParts(plan: ValuePlan, value: unknown, place: Place): void {
    if (value instanceof Error) throw value;
    if (value === null || value === undefined)
      throw new Error(`Cannot return null for non-nullable field ${place.field.parentType.name}.${place.field.name}.`);
    switch (plan.kind) {
      case 'leaf':
        // Of another type than its own: Fallback.
        writeLeaf(this.#out, plan, value);
        return;
      case 'list':
        this.#writeList(plan, value, place);
        return;
      case 'object':
        this.#writePlainObject(plan, value, place);
        return;
      case 'union':
        this.#writePlainObject(memberOf(plan, value), value, place);
    }
  }

  #writeList({ item }: ListPlan, value: unknown, place: Place): void {
    if (!Array.isArray(value)) fallBack('not a list');
    const out = this.#out;
    out.literal(OPEN_LIST);
    (value as readonly unknown[]).forEach((each, index) => {
      if (index > 0) out.ascii(',');
      if (!this.#tryWrite(item, each))
        this.#protect(item, { ...place, path: { prev: place.path, key: index, typename: undefined } }, () => each, false);
    });
    out.literal(CLOSE_LIST);
  }

  #writePlainObject({ fields, type }: ObjectPlan, value: unknown, place: Place): void {
    if (typeof value !== 'object' || isLive(value)) fallBack('not an object');
    const out = this.#out;
    out.count(1);
    out.literal(OPEN_OBJECT);
    for (const field of fields) {
      out.literal(field.prefix);
      if (field.constant) {
        out.literal(field.constant);
        continue;
      }
      const path = { prev: place.path, key: field.responseKey, typename: type.name };
      this.#protect(field.value, { path, field, turn: place.turn }, () => (value as Record<string, unknown>)[field.name], false);
    }
    out.literal(CLOSE_OBJECT);
  }
}
