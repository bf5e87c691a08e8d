/** What the gateway has opened so far, and how to close it. */
export class OpenedResources {
  readonly #closers: (() => Promise<unknown>)[] = [];

  /** Adds what closes a resource that has just been opened. */
  add(close: () => Promise<unknown>): void {
    this.#closers.push(close);
  }

  /** Closes all resources, the last opened first. A second call finds nothing to close. */
  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }
}
