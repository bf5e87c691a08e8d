import { countObjects } from '../../graphql/context/result-meter';
import { nextTurn } from '../../runtime/turns/turn-budget';

/** Characters that are written in one turn of the event loop: some 3 ms. */
const CHARACTERS_PER_TURN = 256 * 1024;
/** Pieces, of any length, that are. */
const PIECES_PER_TURN = 4000;

/** Objects that JSON.stringify writes at once: it takes a tenth of the time. */
const OBJECTS_PER_PIECE = 100;

/** What a long result was written as. */
export interface LongJson {
  readonly pieces: readonly Buffer[];
  readonly bytes: number;
  /** Objects in it, up to the first one past the limit. */
  readonly objects: number;
}

/**
 * Writes a result as JSON.stringify does, over several turns of the event loop. Stops past either limit: what was written
 * is no JSON then.
 */
export async function writeLongResult(
  data: unknown,
  { maxResults, maxAnswerBytes }: { readonly maxResults: number; readonly maxAnswerBytes: number },
): Promise<LongJson> {
  const pieces: Buffer[] = [];
  const count = { objects: 0 };
  let bytes = 0;
  let text = '';
  let written = 0;
  const flush = (): void => {
    const piece = Buffer.from(text);
    pieces.push(piece);
    bytes += piece.length;
    text = '';
    written = 0;
  };
  await nextTurn();
  for (const piece of write(data, count)) {
    text += piece;
    if (count.objects > maxResults) break;
    if (text.length < CHARACTERS_PER_TURN && ++written < PIECES_PER_TURN) continue;
    flush();
    if (bytes > maxAnswerBytes) break;
    await nextTurn();
  }
  flush();
  return { pieces, bytes, objects: count.objects };
}

/** The JSON of a value, piece by piece: a value with few objects in it is one piece. */
function* write(value: unknown, count: { objects: number }): Generator<string, void, undefined> {
  if (typeof value !== 'object' || value === null) {
    yield JSON.stringify(value);
    return;
  }
  const isList = Array.isArray(value);
  const objects = countObjects(value, OBJECTS_PER_PIECE);
  if (objects <= OBJECTS_PER_PIECE) {
    count.objects += objects;
    yield JSON.stringify(value);
    return;
  }
  if (!isList) count.objects++;
  const members = isList ? (value as readonly unknown[]) : Object.values(value);
  const names = isList ? null : Object.keys(value);
  yield isList ? '[' : '{';
  for (const [index, member] of members.entries()) {
    const before = `${index > 0 ? ',' : ''}${names ? `${JSON.stringify(names[index])}:` : ''}`;
    if (isNested(member)) {
      if (before !== '') yield before;
      yield* write(member, count);
    } else yield before + JSON.stringify(member);
  }
  yield isList ? ']' : '}';
}

function isNested(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
