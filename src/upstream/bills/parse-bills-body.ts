import { decodeText, parseFast } from './exact-json';

/** Bodies up to here are parsed whole: nothing is gained by cutting them. */
const WHOLE_BYTES = 24 * 1024;
/**
 * Where a longer list is cut. V8 puts a string of more than 128 KiB into another, slower space: decoding 124,886 bytes
 * took 6 µs, and 131,447 bytes 576 µs.
 */
const PIECE_BYTES = 64 * 1024;

const LIST_STARTS = [Buffer.from('"invoiceCollection":['), Buffer.from('"invoiceCollection": [')];
const BETWEEN_INVOICES = Buffer.from('},{');

/**
 * Parses the body of a 200 answer. A large one is cut, at its list of invoices and within it, so that no piece is a
 * large string and only a piece with letters beyond ASCII is decoded as UTF-8 (20 times slower than ASCII).
 *
 * The cuts are guesses, and `JSON.parse` is their proof: a piece that was cut out of the wrong place, within a string or
 * a nested object, is not JSON by itself, and then the body is parsed whole.
 * @throws BillingError `invalid-response` where the body is not JSON.
 */
export function parseBillsBody(body: Buffer): unknown {
  const pieces = body.length > WHOLE_BYTES ? parsePieces(body) : undefined;
  return pieces === undefined ? parseFast(decodeText(body)) : pieces;
}

function parsePieces(body: Buffer): unknown {
  const start = LIST_STARTS.map((text) => ({ at: body.indexOf(text), length: text.length })).find(({ at }) => at >= 0);
  if (!start || body[body.length - 1] !== 0x7d || body[body.length - 2] !== 0x5d) return undefined; // not "]}" at the end
  const end = body.length - 2;
  try {
    const bills = JSON.parse(`${decodeText(body.subarray(0, start.at))}"invoiceCollection":[]}`) as { invoiceCollection: unknown[] };
    let from = start.at + start.length;
    while (from < end) {
      const cut = from + PIECE_BYTES < end ? body.indexOf(BETWEEN_INVOICES, from + PIECE_BYTES) : -1;
      const to = cut >= 0 ? cut + 1 : end;
      const piece = JSON.parse(`[${decodeText(body.subarray(from, to))}]`) as unknown[];
      bills.invoiceCollection = bills.invoiceCollection.length === 0 ? piece : bills.invoiceCollection.concat(piece);
      from = to + 1;
    }
    return bills;
  } catch {
    return undefined;
  }
}
