import type { Caller } from '../../billing/model/caller';
import type { BillsRead, ReadAudit } from '../../billing/ports/read-audit';
import type { AuditObserver } from '../observers/audit-observer';
import { hashOfLine, NO_LINE, toChainedLine } from './audit-chain';
import { AuditFile } from './audit-file';
import { deriveAuditKeys, type AuditKeys } from './audit-keys';
import { UnwrittenLines } from './unwritten-lines';

/** Reads are written together, after so long, or as soon as there are so many. */
const BATCH_MS = 100;
const BATCH_READS = 512;
/** Without reads the file is looked after once in so many times. */
const IDLE_TICKS = 10;
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
  /** What lines are made of anew, since the file that they were for is no longer there. */
  #contents: string[] = [];
  #file: AuditFile;
  /** The hash of the last line that was made. */
  #previous: string;
  readonly #waiting = new UnwrittenLines();
  #lost = 0;
  #idleTicks = 0;
  #writing: Promise<void> | null = null;
  #isClosed = false;

  private constructor(file: AuditFile, previous: string, options: AuditTrailOptions) {
    this.#file = file;
    this.#previous = previous;
    this.#path = options.path;
    this.#keys = deriveAuditKeys(options.secret);
    this.#observer = options.observer;
    this.#timer = setInterval(() => this.#tick(), BATCH_MS).unref();
  }

  /** Opens a trail, and continues the one that is in the file. Rejects with the system's error where it cannot be opened. */
  static async open(options: AuditTrailOptions): Promise<AuditTrail> {
    const { file, previous } = await AuditFile.open(options.path);
    const trail = new AuditTrail(file, previous ?? NO_LINE, options);
    trail.#waiting.add(trail.#toOpened());
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

  /** The hash of the file's last line. A copy kept elsewhere proves later that nothing before it was cut off. */
  get head(): string {
    return this.#waiting.follows ?? this.#previous;
  }

  /** Resolves when all that was noted before has been written, or could not be. */
  async flush(): Promise<void> {
    await this.#writing;
    for (let left = Infinity; this.#unmade < left && this.#unmade > 0;) {
      left = this.#unmade;
      this.#write();
      await this.#writing;
    }
    this.#write();
    await this.#writing;
  }

  /**
   * Writes what is left, and closes the file. `unwritten`: how many lines, and reads that are in no line yet, are lost, because the file
   * cannot be written.
   */
  async close(): Promise<{ readonly unwritten: number }> {
    clearInterval(this.#timer);
    await this.flush();
    // If the file has been renamed, the next process continues the one that is begun here.
    if (this.#waiting.size === 0) await this.#append();
    this.#isClosed = true;
    await this.#file.close();
    return { unwritten: this.#unmade + this.#waiting.count };
  }

  /** What was noted and is in no line. */
  get #unmade(): number {
    return this.#entries.length + this.#contents.length;
  }

  /** Without reads, too, a file that was renamed is followed, and one that was changed is noticed. */
  #tick(): void {
    if (this.#write()) this.#idleTicks = 0;
    else if (++this.#idleTicks >= IDLE_TICKS) this.#begin();
  }

  /** Writes, unless it is being done; false where there is nothing to write. */
  #write(): boolean {
    if (this.#unmade === 0 && this.#waiting.size === 0 && this.#lost === 0) return false;
    this.#begin();
    return true;
  }

  #begin(): void {
    if (this.#isClosed || this.#writing) return;
    this.#idleTicks = 0;
    this.#writing = this.#append().finally(() => {
      this.#writing = null;
      if (this.#unmade >= BATCH_READS) this.#write();
    });
  }

  async #append(): Promise<void> {
    try {
      await this.#follow();
      const lines = this.#takeLines();
      const { rest } = this.#waiting;
      await this.#file.append(rest);
      this.#waiting.noteWritten(rest.length);
      this.#observer.written(lines);
    } catch (error) {
      const { code, written = 0 } = error as NodeJS.ErrnoException & { written?: number };
      this.#waiting.noteWritten(written);
      this.#observer.failed(code ?? 'unknown');
    }
  }

  /**
   * Follows a file that was renamed: the chain goes on in a new one under the same path. Lines that the old one could not take come
   * into the new one, behind what the old one ends with.
   */
  async #follow(): Promise<void> {
    const found = await this.#file.check();
    if (found === 'changed') this.#observer.changed();
    if (found !== 'moved') return;
    const { file } = await AuditFile.open(this.#path);
    await this.#file.close();
    this.#file = file;
    this.#previous = this.head;
    this.#contents = [...this.#waiting.takeContents(), ...this.#contents];
    this.#waiting.add(this.#toOpened());
  }

  /** Makes lines of what was noted; their number. */
  #takeLines(): number {
    // What has come together during a slow write is made into lines piece by piece: other requests wait meanwhile.
    const most = this.#waiting.size < MAX_WAITING_BYTES ? 4 * BATCH_READS : 0;
    const contents = this.#contents.splice(0, most);
    for (const group of toGroups(this.#entries.splice(0, most - contents.length))) contents.push(this.#toContent(group));
    if (this.#lost > 0 && this.#waiting.size === 0) {
      contents.push(`"time":"${toTime(Date.now())}","event":"lost","reads":${this.#lost}`);
      this.#lost = 0;
    }
    this.#waiting.add(this.#toLines(contents));
    return contents.length;
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
  #toOpened(): string {
    return this.#toLine(`"time":"${toTime(Date.now())}","event":"opened"`, true);
  }

  /** Lines that are written together, the last of them sealed. */
  #toLines(contents: readonly string[]): string {
    const last = contents.length - 1;
    return contents.map((content, index) => this.#toLine(content, index === last)).join('');
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
