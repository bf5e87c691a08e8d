import type { PageRequest, Window } from '../model/window';
import type { PagingEvidence } from './paging-evidence';

/** How the billing API pages: which windows one call can ask for. */
export interface Paging {
  /** `offset`: any window. `page`: windows that start at a multiple of their length. See contract/reading.md. */
  readonly mode: 'offset' | 'page';
  /** Maximum number of invoices that one call may request. */
  readonly maxQuantity: number;
  /** What responses have shown about how the API pages. Absent: a short page always ends its list. */
  readonly evidence?: PagingEvidence;
  /**
   * Whether the response to a request without a contract number lists the customer's contracts separately. The window then
   * applies to each contract, and only the first window, in the largest size, has the invoices of all of them.
   */
  readonly listsContracts?: boolean;
}

/** Returns the paging settings with the maximum quantity that responses have shown so far. */
export function toPaging(paging: Omit<Paging, 'maxQuantity'> & { readonly evidence: PagingEvidence }): Paging {
  return {
    ...paging,
    get maxQuantity() {
      return paging.evidence.maxQuantity;
    },
  };
}

/** Calls that together cover every page between `start` and `end`, in order and without gaps. */
export interface PlannedRun {
  readonly start: number;
  readonly end: number;
  readonly calls: readonly Window[];
}

/** The window to request if only the contract's own data are needed: the smallest one that both paging modes can address. */
const FIRST_INVOICE: readonly PageRequest[] = [{ offset: 0, first: 1, probe: false }];

/** The run that holds the whole page, if any. A page of no invoices needs only the contract's own data, which any run has. */
export function findRun<Run extends Pick<PlannedRun, 'start' | 'end'>>(runs: readonly Run[], page: PageRequest): Run | undefined {
  if (page.first === 0) return runs[0];
  const end = page.offset + page.first + (page.probe ? 1 : 0);
  return runs.find((run) => run.start <= page.offset && end <= run.end);
}

/** Plans the calls for pages of one contract that no earlier run covers. Pages of no invoices add no call to others. */
export function planPages(pages: readonly PageRequest[], paging: Paging): PlannedRun[] {
  const [page] = pages;
  if (pages.length === 1 && page && page.first > 0) return planRuns(pages, paging);
  const windows = pages.filter((page) => page.first > 0);
  return planRuns(windows.length > 0 ? windows : FIRST_INVOICE, paging);
}

/**
 * Plans the calls for pages of one contract: pages that overlap or touch become one run, others stay separate,
 * and a run longer than one call allows is split. Its calls are made concurrently, including one that only probes for
 * a next page: made after the previous call came back full, it would double the latency of a page of the largest size.
 */
export function planRuns(pages: readonly PageRequest[], paging: Paging): PlannedRun[] {
  if (pages.length === 1) {
    const { offset, first, probe } = pages[0] as PageRequest;
    const end = offset + first + (probe ? 1 : 0);
    return [{ start: offset, end, calls: split(offset, offset + first, end, paging) }];
  }
  const sorted = [...pages].sort((a, b) => a.offset - b.offset);
  const runs: PlannedRun[] = [];
  let start = -1;
  let dataEnd = -1;
  let end = -1;
  for (const page of sorted) {
    const pageDataEnd = page.offset + page.first;
    const pageEnd = page.probe ? pageDataEnd + 1 : pageDataEnd;
    if (start >= 0 && page.offset <= end) {
      if (pageDataEnd > dataEnd) dataEnd = pageDataEnd;
      if (pageEnd > end) end = pageEnd;
      continue;
    }
    if (start >= 0) runs.push({ start, end, calls: split(start, dataEnd, end, paging) });
    start = page.offset;
    dataEnd = pageDataEnd;
    end = pageEnd;
  }
  if (start >= 0) runs.push({ start, end, calls: split(start, dataEnd, end, paging) });
  return runs;
}

/**
 * Counts the calls that the loader makes for pages of one owner's list, given the wave in which each page is requested: data
 * from an earlier wave is not requested again.
 */
export function countCalls(waves: readonly (readonly PageRequest[] | undefined)[], paging: Paging): number {
  const only = waves.length === 1 && waves[0]?.length === 1 ? waves[0][0] : undefined;
  // The common case.
  if (only && only.first < paging.maxQuantity && paging.mode === 'offset') return 1;
  const calls = new Set<string>();
  const runs: PlannedRun[] = [];
  for (const wave of waves) {
    const missing = wave?.filter((page) => !findRun(runs, page)) ?? [];
    if (missing.length === 0) continue;
    for (const run of planPages(missing, paging)) {
      runs.push(run);
      // Two runs with the same window make one call: it is shared while in flight.
      for (const call of run.calls) calls.add(`${call.offset}/${call.limit}`);
    }
  }
  return calls.size;
}

function split(start: number, dataEnd: number, end: number, { mode, maxQuantity }: Paging): Window[] {
  if (mode === 'page') return splitAligned(start, dataEnd, end, maxQuantity);
  const calls: Window[] = [];
  for (let offset = start; offset < end; offset += maxQuantity) calls.push({ offset, limit: Math.min(maxQuantity, end - offset) });
  return calls;
}

/** Like `split`, but for page numbers, which can only address windows that start at a multiple of their length. */
function splitAligned(start: number, dataEnd: number, end: number, maxQuantity: number): Window[] {
  // One call for the smallest such window around ours; if that would be too long, adjacent windows cover it.
  for (let size = end - start; size <= maxQuantity; size++) {
    const offset = start - (start % size);
    if (end <= offset + size) return [{ offset, limit: size }];
  }
  const calls: Window[] = [];
  const size = Math.min(dataEnd - start, maxQuantity);
  let offset = start - (start % size);
  for (; offset < dataEnd; offset += size) calls.push({ offset, limit: size });
  // One invoice is enough to learn whether the list goes on, and any offset is a multiple of that length.
  if (offset < end) calls.push({ offset, limit: 1 });
  return calls;
}
