import { RecentTexts } from '../../runtime/maps/recent-texts';

/** Characters of an encoded document that is kept: 4 MiB altogether, and up to twice as much for what they mean. */
const MAX_CHARACTERS = 16_384;
const QUERY = /[?&]query=([^&]*)/;

/** What the encoded documents of URLs mean: clients send them again and again, and to decode one takes longer than all else in its URL. */
export class RecurringQueries {
  readonly #decoded = new RecentTexts<{ readonly text: string }>();

  /** The document that is encoded so; undefined if it has to be decoded. */
  find(encoded: string): string | undefined {
    return this.#decoded.get(encoded)?.text;
  }

  /**
   * Takes note of a URL's document. Only for operations that are known: others may be made up.
   * @param decode what a value of the search means.
   */
  note(url: string, decode: (encoded: string) => string): void {
    const encoded = QUERY.exec(url)?.[1];
    if (encoded === undefined || encoded.length > MAX_CHARACTERS) return;
    // A copy: as a part of the URL it would keep all of it.
    if (this.find(encoded) === undefined) this.#decoded.set(Buffer.from(encoded, 'latin1').toString('latin1'), { text: decode(encoded) });
  }
}
