import type { BillsRequest } from '../../billing/ports/billing-source';
import type { DriftKind, DriftObserver } from '../../telemetry/observers/drift-observer';
import type { HttpAnswer } from '../http/http-response';
import { CONTRACT_TABLE, type LeafTable, type WireTable } from '../scan/wire-table';

/** One answer in this time is looked at, of those that can be used, and of those that cannot. */
const GOOD_EVERY_MS = 1000;
const BAD_EVERY_MS = 100;
/** Larger answers are left alone, and so are further items of a list: looking takes the operation's own time. */
const MAX_BYTES = 256 * 1024;
const MAX_ITEMS = 100;
/** Limit on the unknown fields reported by name: their names are chosen by the API. */
const MAX_UNKNOWN = 50;
const UNNAMED = '(unnamed)';
const OTHER = '(other)';

/** A member's own members, where it is a list of records; null where it is a leaf. */
type Shape = ReadonlyMap<string, Shape | null>;

/**
 * Compares responses with the contract: an operator learns that the API has changed before clients do. Values of another
 * type are counted in every response, because decoding finds them anyway. Missing and unknown members are looked for in a
 * sample of the responses, which otherwise costs one comparison.
 */
export class ContractDrift {
  readonly #observer: DriftObserver;
  readonly #shape: Shape;
  readonly #ofOneContract: ReadonlySet<string>;
  readonly #unknown = new Set<string>();
  #nextGoodMs = 0;
  #nextBadMs = 0;

  constructor(observer: DriftObserver, { contract, address, invoice, lists }: WireTable = CONTRACT_TABLE) {
    this.#observer = observer;
    const ofOneContract = [...toNames(contract), lists.billingAddresses];
    this.#shape = new Map<string, Shape | null>([
      ...toNames(contract).map((name): [string, null] => [name, null]),
      [lists.billingAddresses, toShape(address)],
      [lists.invoices, toShape(invoice)],
    ]);
    // What a response about all of a customer's contracts has no use for.
    this.#ofOneContract = new Set(ofOneContract);
  }

  /** A response has values of another type at these paths. */
  retyped(paths: ReadonlySet<string>): void {
    for (const path of paths) this.#observer.drifted('retyped', path);
  }

  /** A response was received; `usable`: all of it could be used as it is. @param nowMs milliseconds on any clock. */
  received(
    { status, body }: HttpAnswer,
    request: BillsRequest,
    { usable, nowMs }: { readonly usable: boolean; readonly nowMs: number },
  ): void {
    if (status === 404) return;
    // The contract knows no other success than 200.
    if (status !== 200) this.#observer.drifted('unknown', `(status ${status})`);
    if (nowMs < (usable ? this.#nextGoodMs : this.#nextBadMs)) return;
    if (usable) this.#nextGoodMs = nowMs + GOOD_EVERY_MS;
    else this.#nextBadMs = nowMs + BAD_EVERY_MS;
    if (body.length > MAX_BYTES) return;
    let value: unknown;
    try {
      value = JSON.parse(body.toString('utf8').replace(/^\uFEFF/, ''));
    } catch {
      // No JSON: that is reported as an invalid response, and has no members.
      return;
    }
    this.#observer.answerChecked();
    const told = new Set<string>();
    compare(value, this.#shape, '', (kind, path) => {
      if (kind === 'missing' && request.contractNumber === null && this.#ofOneContract.has(path)) return;
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

function toNames(table: LeafTable): string[] {
  return Object.values(table).map(({ wire }) => wire);
}

function toShape(table: LeafTable): Shape {
  return new Map(toNames(table).map((name) => [name, null]));
}

type Tell = (kind: DriftKind, path: string) => void;

/** Compares the members of an object, or of each object of a list. Whether values are of their types is not looked at. */
function compare(value: unknown, shape: Shape, path: string, tell: Tell): void {
  if (Array.isArray(value)) {
    for (const item of value.slice(0, MAX_ITEMS)) if (!Array.isArray(item)) compare(item, shape, path, tell);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const object = value as Readonly<Record<string, unknown>>;
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
  for (const [name, members] of shape) {
    if (!Object.hasOwn(object, name)) tell('missing', at(name));
    else if (members) compare(object[name], members, at(`${name}[]`), tell);
  }
  for (const name of Object.keys(object)) if (!shape.has(name)) tell('unknown', at(toToldField(name)));
}

/** A field's name as documentation would have it. Others, and such with a run of digits, may be a customer's value used as a key. */
function toToldField(name: string): string {
  return /^[A-Za-z][A-Za-z0-9_-]{0,39}$/.test(name) && !/\d{4}/.test(name) ? name : UNNAMED;
}
