import type { GraphQLResolveInfo } from 'graphql';
import { Fallback, fallBack } from './fallback';
import { FieldErrors } from './field-errors';
import {
  addPending,
  Failure,
  fieldNameOf,
  isAttached,
  isLive,
  LiveList,
  LiveObject,
  promisesOf,
  type FieldFailure,
  type LiveResult,
} from './live-results';
import { ignoreAll, isPromise, needsCompletion } from '../../runtime/promises';
import { memberOf, type FieldPlan, type ListPlan, type ObjectPlan, type ValuePlan } from './plan';
import { toResolveInfo, type Completed, type Execution } from './run-environment';

/** One of the functions is called, once. */
interface Outcome {
  readonly done: (completed: Completed) => void;
  /** Gets what the compiled execution does not cover (a Fallback), for graphql-js to execute the operation, and what `done` throws. */
  readonly fail: (error: unknown) => void;
}

/**
 * Resolves what a plan has resolvers for, with the rules of graphql-js: a field that fails becomes null, or the nearest
 * result above it that may be null. One promise for the operation and one reaction a field: nothing waits for its siblings.
 */
export function runPlan<C>(plan: ObjectPlan, execution: Execution<C>, outcome: Outcome): void {
  new Run(new LiveObject(plan, {}, null, 0), execution as Execution<unknown>, outcome).start();
}

/**
 * Each promise that is fulfilled is a turn of its own. graphql-js hands a rejection on from promise to promise, and so
 * notes an error some microtasks after it was met; this waits as long, since the order of the errors depends on it.
 */
class Run {
  readonly #execution: Execution<unknown>;
  readonly #root: LiveObject;
  readonly #outcome: Outcome;
  readonly #arrivals: unknown[] = [];
  #errors: FieldErrors | null = null;
  #turn = 0;
  #isOver = false;

  constructor(root: LiveObject, execution: Execution<unknown>, outcome: Outcome) {
    this.#root = root;
    this.#execution = execution;
    this.#outcome = outcome;
  }

  start(): void {
    const root = this.#root;
    this.#guard(() => {
      // Held until all fields are started.
      root.pending = 1;
      try {
        this.#resolveFields(root);
        this.#release(root);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        this.#end(null, error.failure);
      }
    });
  }

  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#outcome.fail(error);
    }
  }

  #end(root: LiveObject | null, failure: FieldFailure | null): void {
    if (this.#isOver) return;
    if (failure) this.#note(failure, this.#root, -1, true);
    this.#isOver = true;
    try {
      this.#outcome.done({ root, errors: this.#errors, arrivals: this.#arrivals });
    } catch (error) {
      this.#outcome.fail(error);
    }
  }

  #resolveFields(object: LiveObject): void {
    const { plan, source } = object;
    const { variables, context } = this.#execution;
    for (const field of plan.liveFields) {
      const { resolve, slot } = field;
      try {
        // A property that holds objects with resolvers is live without having one of its own.
        const value: unknown = resolve ? resolve(source, field.args(variables), context, this.#info(field, object)) : source[field.name];
        if (isPromise(value)) this.#await(value, object, slot);
        else this.#complete(field.value, value, object, slot);
      } catch (error) {
        if (!this.#failNow(error, object, slot)) return;
      }
    }
    if (plan.fields.length === plan.liveFields.length) return;
    for (const field of plan.fields) if (field.repeats) this.#repeat(field, object);
  }

  #repeat(field: FieldPlan, object: LiveObject): void {
    try {
      this.#execution.onRepeat(this.#info(field, object), this.#execution.context);
    } catch {
      fallBack('a repeated field that fails');
    }
  }

  #await(promise: PromiseLike<unknown>, live: LiveResult, slot: number): void {
    addPending(live);
    promise.then(
      (value) => {
        this.#arrive(value, live, slot);
      },
      (error: unknown) => {
        this.#failLater(error, live, slot);
      },
    );
  }

  #arrive(value: unknown, live: LiveResult, slot: number): void {
    if (this.#isOver || this.#isDropped(live)) {
      ignoreAll(value);
      return;
    }
    this.#turn++;
    try {
      this.#complete(live.planOf(slot), value, live, slot);
    } catch (error) {
      this.#drop(live, slot);
      this.#failLater(error, live, slot);
      return;
    }
    const result = live.results[slot];
    if (isLive(result)) result.awaited = true;
    else if (result !== null) this.#arrivals.push(live, slot, this.#turn);
    this.#guard(() => this.#release(live, 1));
  }

  /** Notes that one result less is waited for, which graphql-js would so many microtasks later. What waits for nothing more is complete. */
  #release(live: LiveResult, microtasks = 0): void {
    let wait = microtasks;
    for (let at = live; --at.pending === 0;) {
      if (at instanceof LiveObject && at.failure) {
        this.#failUp(at, at.failure, wait);
        return;
      }
      wait += promisesOf(at);
      if (at === this.#root) this.#end(this.#root, null);
      if (at.isDropped || !at.parent) return;
      at = at.parent;
    }
  }

  /** Whether a result has become null, and so is resolved no further. */
  #isDropped(live: LiveResult): boolean {
    // Nothing has become null without an error.
    return this.#errors !== null && !isAttached(live);
  }

  /** Takes out of a slot what was made for it before its completion failed. */
  #drop(live: LiveResult, slot: number): void {
    const result = live.results[slot];
    live.results[slot] = null;
    if (!isLive(result)) return;
    result.isDropped = true;
    if (result.pending > 0) this.#release(live);
  }

  /**
   * Handles what a slot's resolver or completion has thrown at once.
   * @returns false where the object becomes null after what it waits for: its further fields are not executed.
   * @throws Failure where what the slot is in becomes null.
   */
  #failNow(error: unknown, live: LiveResult, slot: number): boolean {
    if (error instanceof Fallback) throw error;
    this.#drop(live, slot);
    const failure = error instanceof Failure ? error.failure : { error, live, slot };
    if (live.planOf(slot).nullable) {
      this.#note(failure, live, slot, false);
      return true;
    }
    // The root is held while its fields are started.
    const held = live === this.#root ? 1 : 0;
    if (live instanceof LiveList || live.pending <= held) throw new Failure(failure);
    live.failure = failure;
    return false;
  }

  /** Handles that a slot's promise was rejected, or that its value could not be completed. */
  #failLater(error: unknown, live: LiveResult, slot: number): void {
    const failure = error instanceof Failure ? error.failure : { error, live, slot };
    this.#after(1, () => {
      if (error instanceof Fallback) throw error;
      this.#becomeNull(failure, live, slot);
    });
  }

  #becomeNull(failure: FieldFailure, live: LiveResult, slot: number): void {
    if (this.#isOver || this.#isDropped(live)) return;
    if (!live.planOf(slot).nullable) {
      this.#failUp(live, (live instanceof LiveObject && live.failure) || failure);
      return;
    }
    const result = live.results[slot];
    if (isLive(result)) result.isDropped = true;
    live.results[slot] = null;
    this.#note(failure, live, slot, true);
    this.#release(live);
  }

  /** A result that others wait for fails: as many microtasks later as graphql-js has promises between the two. */
  #failUp(live: LiveResult, failure: FieldFailure, wait = 0): void {
    this.#after(wait + promisesOf(live) + Number(live instanceof LiveObject && live.failure !== null), () => {
      if (live === this.#root) this.#end(null, failure);
      else if (live.parent && !live.isDropped) this.#becomeNull(failure, live.parent, live.slot);
    });
  }

  #after(ticks: number, act: () => void): void {
    queueMicrotask(() => {
      if (ticks > 1) this.#after(ticks - 1, act);
      else this.#guard(act);
    });
  }

  #note(failure: FieldFailure, live: LiveResult, slot: number, late: boolean): void {
    (this.#errors ??= new FieldErrors()).add(failure, { live, slot }, { turn: this.#turn, late });
    // The whole response is replaced: nothing that is still to come matters.
    if (!this.#execution.results.fail(failure.error)) this.#end(null, null);
  }

  #complete(plan: ValuePlan, value: unknown, live: LiveResult, slot: number): void {
    if (value === null || value === undefined) {
      if (!plan.nullable) throw new Error(`Cannot return null for non-nullable field ${fieldNameOf(live, slot)}.`);
      live.results[slot] = null;
      return;
    }
    if (value instanceof Error) throw value;
    switch (plan.kind) {
      case 'leaf':
        live.results[slot] = value;
        return;
      case 'object':
        this.#completeObject(plan, value, live, slot);
        return;
      case 'union':
        this.#completeObject(memberOf(plan, value), value, live, slot);
        return;
      case 'list':
        this.#completeList(plan, value, live, slot);
    }
  }

  #completeObject(plan: ObjectPlan, value: unknown, live: LiveResult, slot: number): void {
    if (typeof value !== 'object') throw new Fallback('not an object');
    if (plan.writePlain) {
      live.results[slot] = value;
      return;
    }
    const object = new LiveObject(plan, value as Readonly<Record<string, unknown>>, live, slot);
    object.turn = this.#turn;
    live.results[slot] = object;
    this.#resolveFields(object);
  }

  #completeList(plan: ListPlan, value: unknown, live: LiveResult, slot: number): void {
    if (!Array.isArray(value)) throw new Fallback('not a list');
    const { item } = plan;
    const list = value as readonly unknown[];
    if (!plan.live && !list.some(needsCompletion)) {
      live.results[slot] = list;
      return;
    }
    const items = new LiveList(plan, list.length, live, slot);
    items.turn = this.#turn;
    live.results[slot] = items;
    for (let i = 0; i < list.length; i++) {
      const each = list[i];
      try {
        if (isPromise(each)) this.#await(each, items, i);
        else this.#complete(item, each, items, i);
      } catch (error) {
        if (!item.nullable) ignoreAll(list.slice(i + 1));
        this.#failNow(error, items, i);
      }
    }
  }

  #info(field: FieldPlan, object: LiveObject): GraphQLResolveInfo {
    return toResolveInfo(field, object, this.#execution.environment, this.#execution.variables);
  }
}
