/** The token in use, and a new one when it is spent. The app's own backend gives it: a client secret has no place in a page. */
export class Tokens {
  #current: string;
  #renewal: Promise<void> | null = null;
  readonly #fetchToken: () => Promise<string>;

  constructor(current: string, fetchToken: () => Promise<string>) {
    this.#current = current;
    this.#fetchToken = fetchToken;
  }

  get current(): string {
    return this.#current;
  }

  /** Renews a token that was refused: once, however many operations it was refused for. */
  async renew(spent: string): Promise<void> {
    if (spent !== this.#current) return;
    this.#renewal ??= this.#fetchToken()
      .then((token) => void (this.#current = token))
      .finally(() => (this.#renewal = null));
    await this.#renewal;
  }
}
