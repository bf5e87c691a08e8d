import type { Caller } from '../../billing/model/caller';
import type { BillsRead, ReadAudit } from '../../billing/ports/read-audit';
import type { AuditObserver } from '../observers/audit-observer';
import { hashOfLine, NO_LINE, toChainedLine } from './audit-chain';
import { AuditFile } from './audit-file';
import { deriveAuditKeys, type AuditKeys } from './audit-keys';

/** Reads are written together, after so long, or as soon as there are so many. */
const BATCH_MS = 100;
const BATCH_READS = 512;
/** Reads that wait while the file cannot be written, and the same as lines, in bytes. Beyond them reads are lost, and counted in a line. */
const MAX_WAITING_READS = 100_000;
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/** Settings of an audit trail. */
export interface AuditTrailOptions {
  readonly path: string;
  readonly secret: string;
  readonly observer: AuditObserver;
}

interface Entry extends BillsRead {
  readonly timeMs: number;
  readonly caller: Caller;
  readonly requestId: string | undefined;
}

/**
 * Writes a line for each read of bills: when, who, whose, and with what outcome, names as keyed hashes. Each line contains
 * the hash of the one before it, and the last line of each write a seal that only the secret can make, so that
 * `npm run audit:verify` finds whatever was removed, changed or moved. On the hot path a read is put into a list; hashes,
 * lines and writes are made for many together, ten times a second.
 */
export class AuditTrail implements ReadAudit {
  readonly #path: string;
  readonly #keys: AuditKeys;
  readonly #observer: AuditObserver;
  readonly #timer: NodeJS.Timeout;
  #entries: Entry[] = [];
  #file: AuditFile;
  /** The hash of the last line that was made. */
  #previous: string;
  /** Made and not written. */
  #waiting: Buffer = Buffer.alloc(0);
  #lost = 0;
  #writing: Promise<void> | null = null;
  #isClosed = false;

  private constructor(file: AuditFile, previous: string, options: AuditTrailOptions) {
    this.#file = file;
    this.#previous = previous;
    this.#path = options.path;
    this.#keys = deriveAuditKeys(options.secret);
    this.#observer = options.observer;
    this.#timer = setInterval(() => this.#write(), BATCH_MS).unref();
  }

  /** Opens a trail, and continues the one that is in the file. Rejects with the system's error where it cannot be opened. */
  static async open(options: AuditTrailOptions): Promise<AuditTrail> {
    const { file, previous } = await AuditFile.open(options.path);
    const trail = new AuditTrail(file, previous ?? NO_LINE, options);
    trail.#waiting = trail.#toOpened();
    await trail.flush();
    return trail;
  }

  bills(caller: Caller, requestId: string | undefined, { customer, contractNumber, outcome, cached }: BillsRead): void {
    if (this.#entries.length >= MAX_WAITING_READS) {
      this.#lost++;
      this.#observer.lost(1);
      return;
    }
    this.#entries.push({ timeMs: Date.now(), caller, requestId, customer, contractNumber, outcome, cached });
    if (this.#entries.length >= BATCH_READS) this.#write();
  }

  /** The hash of the last line. A copy kept elsewhere proves later that nothing before it was cut off. */
  get head(): string {
    return this.#previous;
  }

  /** Resolves when all that was noted before has been written, or could not be. */
  async flush(): Promise<void> {
    await this.#writing;
    for (let left = Infinity; this.#entries.length < left && this.#entries.length > 0;) {
      left = this.#entries.length;
      this.#write();
      await this.#writing;
    }
    this.#write();
    await this.#writing;
  }

  /** Writes what is left, and closes the file. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
    this.#isClosed = true;
    await this.#file.close();
  }

  #write(): void {
    if (this.#isClosed || this.#writing || (this.#entries.length === 0 && this.#waiting.length === 0 && this.#lost === 0)) return;
    this.#writing = this.#append().finally(() => {
      this.#writing = null;
      if (this.#entries.length >= BATCH_READS) this.#write();
    });
  }

  async #append(): Promise<void> {
    try {
      await this.#follow();
      const lines = this.#takeLines();
      await this.#file.append(this.#waiting);
      this.#waiting = Buffer.alloc(0);
      this.#observer.written(lines);
    } catch (error) {
      const { code, written = 0 } = error as NodeJS.ErrnoException & { written?: number };
      this.#waiting = this.#waiting.subarray(written);
      this.#observer.failed(code ?? 'unknown');
    }
  }

  /** Follows a file that was renamed: the chain goes on in a new one under the same path. */
  async #follow(): Promise<void> {
    const found = await this.#file.check();
    if (found === 'changed') this.#observer.changed();
    if (found !== 'moved') return;
    const { file } = await AuditFile.open(this.#path);
    await this.#file.close();
    this.#file = file;
    this.#waiting = Buffer.concat([this.#waiting, this.#toOpened()]);
  }

  /** Makes lines of what was noted; their number. */
  #takeLines(): number {
    // What has come together during a slow write is made into lines piece by piece: other requests wait meanwhile.
    const entries = this.#waiting.length < MAX_WAITING_BYTES ? this.#entries.splice(0, 4 * BATCH_READS) : [];
    const contents = toGroups(entries).map((group) => this.#toContent(group));
    if (this.#lost > 0 && this.#waiting.length === 0) {
      contents.push(`"time":"${toTime(Date.now())}","event":"lost","reads":${this.#lost}`);
      this.#lost = 0;
    }
    const last = contents.length - 1;
    const made = contents.map((content, index) => this.#toLine(content, index === last));
    this.#waiting = Buffer.concat([this.#waiting, Buffer.from(made.join(''))]);
    return made.length;
  }

  /** All texts are of letters, digits and `_ . : -` alone, so that they need no escaping. */
  #toContent(group: readonly [Entry, ...Entry[]]): string {
    const keys = this.#keys;
    const [{ timeMs, requestId, caller, customer, outcome, cached }] = group;
    const name = `${customer.idType}/${customer.id}`;
    const toContract = ({ contractNumber }: Entry): string =>
      contractNumber === null ? '"*"' : `"${keys.hashOf('contract', `${name}/${contractNumber}`)}"`;
    const contracts = group.length === 1 ? toContract(group[0]) : [...new Set(group.map(toContract))].join(',');
    return (
      `"time":"${toTime(timeMs)}",` +
      (requestId === undefined ? '' : `"requestId":"${requestId}",`) +
      `"caller":"${keys.hashOf('caller', caller.tokenId)}","customer":"${keys.hashOf('customer', name)}",` +
      `"contracts":[${contracts}],"outcome":"${outcome}","cached":${cached}`
    );
  }

  /** The line with which a process, or a file, begins. */
  #toOpened(): Buffer {
    return Buffer.from(this.#toLine(`"time":"${toTime(Date.now())}","event":"opened"`, true));
  }

  #toLine(content: string, isSealed: boolean): string {
    const line = toChainedLine(content, this.#previous, isSealed ? this.#keys.seal : null);
    this.#previous = hashOfLine(line);
    return `${line}\n`;
  }
}

/** Times of a batch are often the same millisecond. */
let [toldMs, told] = [0, ''];

function toTime(timeMs: number): string {
  if (timeMs !== toldMs) [toldMs, told] = [timeMs, new Date(timeMs).toISOString()];
  return told;
}

/** Reads of one request of one customer that ended alike share a line. */
function toGroups(entries: readonly Entry[]): (readonly [Entry, ...Entry[]])[] {
  const groups: [Entry, ...Entry[]][] = [];
  for (const entry of entries) {
    const group = groups.at(-1);
    if (group && isAlike(group[0], entry)) group.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

function isAlike(one: Entry, other: Entry): boolean {
  return (
    one.requestId === other.requestId &&
    one.caller === other.caller &&
    one.outcome === other.outcome &&
    one.cached === other.cached &&
    one.customer.id === other.customer.id &&
    one.customer.idType === other.customer.idType
  );
}
