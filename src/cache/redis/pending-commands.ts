/** Counts commands whose answer has not come yet, so that a connection is not closed over them. */
export class PendingCommands {
  #count = 0;
  #idle: (() => void) | null = null;

  get isIdle(): boolean {
    return this.#count === 0;
  }

  begin(): void {
    this.#count++;
  }

  end(): void {
    if (--this.#count === 0) this.#idle?.();
  }

  /** Resolves when all have been answered, or after `timeoutMs` milliseconds. */
  async settled(timeoutMs: number): Promise<void> {
    if (this.isIdle) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#idle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#idle = null;
  }
}
