import { write, writeSync } from 'node:fs';

/** Lines are handed to the operating system together: as soon as there are so many characters of them, or after so long. */
const BATCH_CHARACTERS = 8 * 1024;
const BATCH_MS = 100;
/** A log reader that stops reading must neither block the gateway nor fill its memory: beyond this, lines are dropped. */
const MAX_WAITING_CHARACTERS = 16 * 1024 * 1024;
/** At the end of the process, a reader that is slow is waited for so long, and one that is gone is not. */
const LAST_WAIT_MS = 1000;

/** Where a log's lines go, one after the other and in batches. */
export interface LineOutput {
  write(line: string): void;
  /** Writes all that waits, and waits for it for a second at most. */
  flushSync(): void;
}

/**
 * Writes lines to a file descriptor, such as a pipe. In the place of pino's own destination, which tries a write that
 * fails again without end when the process ends: with its reader gone (EPIPE), a gateway would not stop.
 * @param maxBytes most that is written at once, in whole lines; a line that is longer is written by itself.
 */
export function createLineOutput(fd: number, maxBytes = Infinity): LineOutput {
  let waiting = '';
  /** What was taken out of `waiting` and is not known to be written. */
  let unwritten: Buffer | null = null;
  let isWriting = false;
  let isBroken = false;
  const breakOff = (): void => {
    isBroken = true;
    waiting = '';
    unwritten = null;
  };
  const give = (bytes: Buffer): void => {
    isWriting = true;
    unwritten = bytes;
    write(fd, bytes, 0, toPiece(bytes, 0, maxBytes), (error, written) => {
      isWriting = false;
      if (error) {
        // A pipe that is full is tried again with the next batch; one whose reader has gone never is.
        if (error.code !== 'EAGAIN') breakOff();
        return;
      }
      unwritten = written < bytes.length ? bytes.subarray(written) : null;
      if (unwritten || waiting.length >= BATCH_CHARACTERS) flush();
    });
  };
  const flush = (): void => {
    if (isWriting || isBroken) return;
    if (unwritten) give(unwritten);
    else if (waiting.length > 0) {
      const bytes = Buffer.from(waiting);
      waiting = '';
      give(bytes);
    }
  };
  setInterval(flush, BATCH_MS).unref();
  return {
    write: (line) => {
      if (isBroken || waiting.length + line.length > MAX_WAITING_CHARACTERS) return;
      waiting += line;
      if (waiting.length >= BATCH_CHARACTERS) flush();
    },
    flushSync: () => {
      if (isBroken) return;
      // A write under way has its bytes in the operating system's hands already, or fails as this one does.
      const bytes = Buffer.concat([isWriting || !unwritten ? Buffer.alloc(0) : unwritten, Buffer.from(waiting)]);
      waiting = '';
      if (!isWriting) unwritten = null;
      isBroken = !writeAll(fd, bytes, maxBytes);
    },
  };
}

/** Whether all bytes were written. */
function writeAll(fd: number, bytes: Buffer, maxBytes: number): boolean {
  const untilMs = performance.now() + LAST_WAIT_MS;
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(fd, bytes, at, toPiece(bytes, at, maxBytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || performance.now() > untilMs) return false;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
  return true;
}

/** How many bytes from a place on are written next: all, or as many whole lines as `maxBytes` have room for. */
function toPiece(bytes: Buffer, at: number, maxBytes: number): number {
  if (bytes.length - at <= maxBytes) return bytes.length - at;
  const lastEnd = bytes.lastIndexOf(0x0a, at + maxBytes - 1);
  const end = lastEnd >= at ? lastEnd : bytes.indexOf(0x0a, at + maxBytes);
  return (end < 0 ? bytes.length : end + 1) - at;
}
