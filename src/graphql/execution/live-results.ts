import type { ResponsePath } from 'graphql';
import type { ListPlan, ObjectPlan, ValuePlan } from './plan';

/** A result that is filled in while the operation is executed, and its place in the response. */
abstract class Live {
  /** Results by slot: of the fields that have resolvers, or of a list's items. Plain values are read when they are written. */
  readonly results: unknown[];
  /** What it is a result of; null for the root. */
  readonly parent: LiveResult | null;
  readonly slot: number;
  /** Whether an error has put null in its place. */
  isDropped = false;
  /** In which turn of the execution it was completed. */
  turn = 0;
  /** Results of its own that are waited for, and results below that wait. */
  pending = 0;
  /** Whether it came by a promise. */
  awaited = false;

  constructor(size: number, parent: LiveResult | null, slot: number) {
    this.results = new Array<unknown>(size);
    this.parent = parent;
    this.slot = slot;
  }

  /** How the result in a slot is completed. */
  abstract planOf(slot: number): ValuePlan;
  /** What a slot is called in a path. A field that is executed once for several aliases has all their names. */
  abstract keysOf(slot: number): readonly (string | number)[];
}

/** The result of an object that has fields with resolvers. */
export class LiveObject extends Live {
  readonly plan: ObjectPlan;
  readonly source: Readonly<Record<string, unknown>>;
  /** What makes it null as soon as nothing in it is waited for: a field that cannot be null has failed. */
  failure: FieldFailure | null = null;

  constructor(plan: ObjectPlan, source: Readonly<Record<string, unknown>>, parent: LiveResult | null, slot: number) {
    super(plan.liveFields.length, parent, slot);
    this.plan = plan;
    this.source = source;
  }

  planOf(slot: number): ValuePlan {
    return (this.plan.liveFields[slot] as ObjectPlan['liveFields'][number]).value;
  }

  keysOf(slot: number): readonly string[] {
    return this.plan.fields.filter((field) => field.slot === slot).map((field) => field.responseKey);
  }
}

/** The result of a list of which items have fields with resolvers, or are promises. */
export class LiveList extends Live {
  readonly plan: ListPlan;

  constructor(plan: ListPlan, size: number, parent: LiveResult | null, slot: number) {
    super(size, parent, slot);
    this.plan = plan;
  }

  planOf(): ValuePlan {
    return this.plan.item;
  }

  keysOf(slot: number): readonly number[] {
    return [slot];
  }
}

export type LiveResult = LiveObject | LiveList;

/** What was thrown, and for which field or list item. */
export interface FieldFailure {
  readonly error: unknown;
  readonly live: LiveResult;
  readonly slot: number;
}

/** Whether a result is filled in while the operation is executed. */
export function isLive(value: unknown): value is LiveResult {
  return value instanceof LiveObject || value instanceof LiveList;
}

/** Whether a result is still part of the response. */
export function isAttached(live: LiveResult): boolean {
  for (let at: LiveResult | null = live; at; at = at.parent) if (at.isDropped) return false;
  return true;
}

/** Notes that a result has one more to wait for: what waits is counted by what it is in, up to the root. */
export function addPending(live: LiveResult): void {
  for (let at: LiveResult | null = live; at && at.pending++ === 0;) at = at.isDropped ? null : at.parent;
}

/** How many promises graphql-js has between the last field or item that a result waits for and the result itself. */
export function promisesOf(live: LiveResult): number {
  return (live instanceof LiveObject ? 3 : 2) + Number(live.awaited);
}

/** The field that a slot belongs to, as messages name it. */
export function fieldNameOf(live: LiveResult, slot: number): string {
  if (live instanceof LiveObject) return `${live.plan.type.name}.${live.plan.liveFields[slot]?.name ?? ''}`;
  return live.parent ? fieldNameOf(live.parent, live.slot) : '';
}

/** A failure on its way up to the nearest result that may be null. */
export class Failure extends Error {
  readonly failure: FieldFailure;

  constructor(failure: FieldFailure) {
    super('a field that cannot be null has failed');
    this.failure = failure;
  }
}

/** The paths of a result: one, but for what is executed once for several aliases. */
export function pathsOf(live: LiveResult, slot: number): ResponsePath[] {
  const prefixes = live.parent ? pathsOf(live.parent, live.slot) : [undefined];
  const typename = live instanceof LiveObject ? live.plan.type.name : undefined;
  return prefixes.flatMap((prev) => live.keysOf(slot).map((key) => ({ prev, key, typename })));
}
