import type { BillsRequest } from '../../billing/ports/billing-source';
import type { DriftKind, DriftObserver } from '../../telemetry/observers/drift-observer';
import { billsShape, type WireShape } from './wire-schema';

/** One answer in this time is looked at, of those that can be used, and of those that cannot. */
const GOOD_EVERY_MS = 1000;
const BAD_EVERY_MS = 100;
/** Larger answers are left alone, and so are further items of a list: looking takes the operation's own time. */
const MAX_BYTES = 256 * 1024;
const MAX_ITEMS = 100;
/** Fields that the contract does not name and that are told by their names; they are the API's to choose. */
const MAX_UNKNOWN = 50;
const UNNAMED = '(unnamed)';
const OTHER = '(other)';
/** What an answer about all of a customer's contracts has no use for. */
const OF_ONE_CONTRACT: ReadonlySet<string> = new Set(['contractNo', 'dueDate', 'billingAddress']);

/**
 * Compares answers with the contract, now and then: an operator learns that the API has changed before clients do, and
 * where a changed answer had to be refused, in which field. Between two looks it costs a comparison.
 */
export class ContractDrift {
  readonly #observer: DriftObserver;
  readonly #unknown = new Set<string>();
  #nextGoodMs = 0;
  #nextBadMs = 0;

  constructor(observer: DriftObserver) {
    this.#observer = observer;
  }

  /** An answer of 200 was received, and could be used or not. @param nowMs milliseconds on any clock. */
  received(body: Buffer, request: BillsRequest, { usable, nowMs }: { readonly usable: boolean; readonly nowMs: number }): void {
    if (nowMs < (usable ? this.#nextGoodMs : this.#nextBadMs)) return;
    if (usable) this.#nextGoodMs = nowMs + GOOD_EVERY_MS;
    else this.#nextBadMs = nowMs + BAD_EVERY_MS;
    if (body.length > MAX_BYTES) return;
    let value: unknown;
    try {
      value = JSON.parse(body.toString('utf8'));
    } catch {
      // No JSON: that is told as an invalid response, and has no fields.
      return;
    }
    this.#observer.answerChecked();
    const told = new Set<string>();
    compare(value, billsShape, '', (kind, path) => {
      if (kind === 'missing' && request.contractNumber === null && OF_ONE_CONTRACT.has(path)) return;
      const name = kind === 'unknown' ? this.#bounded(path) : path;
      if (told.has(`${kind} ${name}`)) return;
      told.add(`${kind} ${name}`);
      this.#observer.drifted(kind, name);
    });
  }

  #bounded(path: string): string {
    if (this.#unknown.size < MAX_UNKNOWN) this.#unknown.add(path);
    return this.#unknown.has(path) ? path : OTHER;
  }
}

type Tell = (kind: DriftKind, path: string) => void;

/** Null stands for nothing everywhere, as in the contract's reading: it is neither missing nor of another type. */
function compare(value: unknown, shape: WireShape, path: string, tell: Tell): void {
  if (value === null) return;
  if (shape.items) {
    if (Array.isArray(value)) for (const item of value.slice(0, MAX_ITEMS)) compare(item, shape.items, `${path}[]`, tell);
    else tell('retyped', path);
  } else if (shape.properties) {
    if (typeof value === 'object' && !Array.isArray(value)) compareFields(value as Record<string, unknown>, shape.properties, path, tell);
    else tell('retyped', path === '' ? '(body)' : path);
  } else if (!isOfType(value, shape)) tell('retyped', path);
}

function compareFields(
  object: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, WireShape>>,
  path: string,
  tell: Tell,
): void {
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
  for (const [name, field] of Object.entries(fields)) {
    if (Object.hasOwn(object, name)) compare(object[name], field, at(name), tell);
    else tell('missing', at(name));
  }
  for (const name of Object.keys(object)) if (!Object.hasOwn(fields, name)) tell('unknown', at(toToldField(name)));
}

function isOfType(value: unknown, { type, wholeNumber }: WireShape): boolean {
  return wholeNumber ? Number.isInteger(value) : (type ?? []).includes(typeof value);
}

/** A field's name as documentation would have it. Others, and such with a run of digits, may be a customer's value used as a key. */
function toToldField(name: string): string {
  return /^[A-Za-z][A-Za-z0-9_-]{0,39}$/.test(name) && !/\d{4}/.test(name) ? name : UNNAMED;
}
