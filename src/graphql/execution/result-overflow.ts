import type { ResultMeter } from '../context/result-meter';
import type { ResultOverflow } from './json-buffer';

/** Notes that writing a response ended because it would have been too large. */
export function noteOverflow(results: ResultMeter, { kind, count }: ResultOverflow): void {
  if (kind === 'objects') results.exceedResults(count);
  else results.exceedBytes(count);
}
