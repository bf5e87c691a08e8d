import { BILLS } from '../../src/billing/model/bills';
import { toCursor as toListCursor } from '../../src/billing/model/cursor';

/** The cursor of the invoice at `position`, counted from 0. */
export function toCursor(position: number): string {
  return toListCursor(position, BILLS);
}
