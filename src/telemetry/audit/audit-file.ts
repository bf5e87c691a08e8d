import { constants } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { hashOfLine, NO_LINE } from './audit-chain';

/** How much of a file's end is read to find its last line: lines are a few hundred bytes long, with many contracts a few thousand. */
const TAIL_BYTES = 1024 * 1024;

/** A file that lines are appended to. Readable for its owner alone. */
export class AuditFile {
  readonly #path: string;
  #handle: FileHandle;
  #inode: number;
  /** Bytes that are in the file, as far as this process knows. */
  #size: number;

  private constructor(path: string, handle: FileHandle, { inode, size }: { inode: number; size: number }) {
    this.#path = path;
    this.#handle = handle;
    this.#inode = inode;
    this.#size = size;
  }

  /**
   * Opens a file, which may be there already. `previous`: the hash of its last line; null where it has none. Rejects with the system's
   * error, and where the path names something else than a file: a pipe or a device keeps nothing that could be continued or checked.
   */
  static async open(path: string): Promise<{ file: AuditFile; previous: string | null }> {
    const handle = await open(path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, 0o600);
    try {
      const found = await handle.stat();
      if (!found.isFile()) throw Object.assign(new Error('it is no regular file'), { code: 'NOT_A_FILE' });
      const { ino, size } = found;
      const file = new AuditFile(path, handle, { inode: ino, size });
      return { file, previous: await file.#endLastLine() };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /**
   * What happened to the file since it was last written to: `moved` (renamed or removed, as log rotation does), `changed`
   * (it has another length than this process gave it), or nothing.
   */
  async check(): Promise<'moved' | 'changed' | null> {
    const found = await stat(this.#path).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    });
    if (found?.ino !== this.#inode) return 'moved';
    if (found.size === this.#size) return null;
    this.#size = found.size;
    return 'changed';
  }

  /** Appends bytes. Rejects with the number of bytes that were written as `written`, so that the rest can be tried again. */
  async append(bytes: Buffer): Promise<void> {
    let written = 0;
    try {
      while (written < bytes.length) {
        const { bytesWritten } = await this.#handle.write(bytes, written);
        written += bytesWritten;
        this.#size += bytesWritten;
      }
    } catch (error) {
      throw Object.assign(error as Error, { written });
    }
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  /** The hash of the last line. One that was cut off, when the machine lost its power, is ended: it stays in the chain as it is. */
  async #endLastLine(): Promise<string | null> {
    if (this.#size === 0) return null;
    const start = Math.max(0, this.#size - TAIL_BYTES);
    const tail = Buffer.alloc(this.#size - start);
    await this.#handle.read(tail, 0, tail.length, start);
    if (tail.at(-1) !== LINE_FEED) {
      await this.append(Buffer.of(LINE_FEED));
      return hashOfLine(tail.subarray(tail.lastIndexOf(LINE_FEED) + 1));
    }
    return tail.length === 1 ? NO_LINE : hashOfLine(tail.subarray(tail.lastIndexOf(LINE_FEED, -2) + 1, -1));
  }
}

const LINE_FEED = 10;
