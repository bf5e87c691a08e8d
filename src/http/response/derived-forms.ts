import { compress, type Coding } from './compression';

/** What is derived from the body of a response that is cached: each is made once. */
export class DerivedForms {
  readonly #compressed = new Map<Coding, Buffer | Promise<Buffer>>();
  readonly #onAdded: () => void;
  #entityTag: string | null = null;
  /** The bytes of the compressed forms that are made. */
  bytes = 0;

  /** @param onAdded called when `bytes` has grown. */
  constructor(onAdded: () => void) {
    this.#onAdded = onAdded;
  }

  /** The body in this coding. */
  compressed(body: Buffer | string, coding: Coding): Buffer | Promise<Buffer> {
    let form = this.#compressed.get(coding);
    if (form === undefined) {
      form = compress(body, coding).then((made) => {
        this.#compressed.set(coding, made);
        this.bytes += made.length;
        this.#onAdded();
        return made;
      });
      this.#compressed.set(coding, form);
    }
    return form;
  }

  /** The entity tag, made at its first use. */
  entityTag(make: () => string): string {
    return (this.#entityTag ??= make());
  }
}
