import { nextTurn } from '../../../runtime/turns/turn-budget';
import { LiveList, LiveObject } from '../live-results';
import { isLiveValue, type ValuePlan } from '../plan';
import type { JsonBuffer } from './json-buffer';
import { WrittenSlots } from './written-slots';
import { CLOSE_LIST, CLOSE_OBJECT, OPEN_LIST, OPEN_OBJECT, writeValue } from './write';

/** What is written in one turn of the event loop, and a list of plain objects at most beside it: some 3 ms. */
const BYTES_PER_TURN = 256 * 1024;

/**
 * Writes a completed value as `writeValue` does, over several turns of the event loop. The buffer must be nobody else's.
 * Rejects with what that throws.
 */
export async function writeLongValue(out: JsonBuffer, plan: ValuePlan, value: unknown): Promise<void> {
  let from = out.length;
  await nextTurn();
  for (const length of write(out, plan, value)) {
    if (length - from < BYTES_PER_TURN) continue;
    from = length;
    await nextTurn();
  }
}

/** Writes a value, and yields how much was written where writing may be left off. */
function* write(out: JsonBuffer, plan: ValuePlan, value: unknown): Generator<number, void, undefined> {
  if (value instanceof LiveObject) {
    out.count(1);
    out.literal(OPEN_OBJECT);
    const written = value.plan.repeats ? new WrittenSlots() : null;
    for (const field of value.plan.fields) {
      const { slot } = field;
      out.literal(field.prefix);
      if (field.constant) out.literal(field.constant);
      else if (slot < 0) writeValue(out, field.value, value.source[field.name]);
      else if (field.repeats && written) {
        written.repeat(out, slot);
        yield out.length;
      } else {
        const { length, objects } = out;
        yield* write(out, field.value, value.results[slot]);
        written?.note(out, slot, { length, objects });
      }
    }
    out.literal(CLOSE_OBJECT);
  } else if (value instanceof LiveList && isLiveValue(plan)) {
    out.literal(OPEN_LIST);
    for (const [index, each] of value.results.entries()) {
      if (index > 0) out.ascii(',');
      yield* write(out, value.plan.item, each);
    }
    out.literal(CLOSE_LIST);
  } else writeValue(out, plan, value);
  yield out.length;
}
