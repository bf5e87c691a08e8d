import type { PageRequest, Window } from '../model/window';
import type { PagingEvidence } from './paging-evidence';

/** How the billing API pages: which windows one call can ask for. */
export interface Paging {
  /** `offset`: any window. `page`: windows that start at a multiple of their length. See contract/reading.md. */
  readonly mode: 'offset' | 'page';
  /** Most invoices that one call may ask for. */
  readonly maxQuantity: number;
  /** What responses have shown of how the API pages; absent: it is taken at its word, and a short page ends its list. */
  readonly evidence?: PagingEvidence;
  /**
   * Whether a request without a contract number is answered with each of the customer's contracts apart. The window is then
   * one of each contract's invoices: only the first one, in the largest size there is, has the invoices of all.
   */
  readonly listsContracts?: boolean;
}

/** How the API pages, as far as its responses have shown. */
export function toPaging(paging: Omit<Paging, 'maxQuantity'> & { readonly evidence: PagingEvidence }): Paging {
  return {
    ...paging,
    get maxQuantity() {
      return paging.evidence.maxQuantity;
    },
  };
}

/** Calls that together answer every page between `start` and `end`, in order, without a gap. */
export interface PlannedRun {
  readonly start: number;
  readonly end: number;
  readonly calls: readonly Window[];
}

/** What is asked for where only the contract's own data are wanted: the smallest window that every reading can name. */
const FIRST_INVOICE: readonly PageRequest[] = [{ offset: 0, first: 1, probe: false }];

/** The run that holds the whole page, if there is one. A page of no invoices is the contract's own data: they are in any run of it. */
export function findRun<Run extends Pick<PlannedRun, 'start' | 'end'>>(runs: readonly Run[], page: PageRequest): Run | undefined {
  if (page.first === 0) return runs[0];
  const end = page.offset + page.first + (page.probe ? 1 : 0);
  return runs.find((run) => run.start <= page.offset && end <= run.end);
}

/** Plans the calls for pages of one contract that no earlier run holds; pages of no invoices add nothing to others. */
export function planPages(pages: readonly PageRequest[], paging: Paging): PlannedRun[] {
  const [page] = pages;
  if (pages.length === 1 && page && page.first > 0) return planRuns(pages, paging);
  const windows = pages.filter((page) => page.first > 0);
  return planRuns(windows.length > 0 ? windows : FIRST_INVOICE, paging);
}

/**
 * Plans the calls for pages of one contract: pages that overlap or touch become one run, pages that stand apart stay
 * apart, and a run longer than a call may be is split. All its calls are made at once, the one for a probe alone as well:
 * made after the call before it came back full, it would double the time that a page of the largest size takes.
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
 * How many calls the loader makes for pages of one owner's list, by the wave in which they are asked for: what an earlier
 * wave's calls bring is not asked for again.
 */
export function countCalls(waves: readonly (readonly PageRequest[] | undefined)[], paging: Paging): number {
  const only = waves.length === 1 && waves[0]?.length === 1 ? waves[0][0] : undefined;
  // What nearly every list comes down to.
  if (only && only.first < paging.maxQuantity && paging.mode === 'offset') return 1;
  const calls = new Set<string>();
  const runs: PlannedRun[] = [];
  for (const wave of waves) {
    const missing = wave?.filter((page) => !findRun(runs, page)) ?? [];
    if (missing.length === 0) continue;
    for (const run of planPages(missing, paging)) {
      runs.push(run);
      // The very same window of two runs is one call: it is shared while it is under way.
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

/** The same where a page number can only name windows that start at a multiple of their length. */
function splitAligned(start: number, dataEnd: number, end: number, maxQuantity: number): Window[] {
  // The smallest such window around ours is one call; where none is short enough, windows next to each other cover it.
  for (let size = end - start; size <= maxQuantity; size++) {
    const offset = start - (start % size);
    if (end <= offset + size) return [{ offset, limit: size }];
  }
  const calls: Window[] = [];
  const size = Math.min(dataEnd - start, maxQuantity);
  let offset = start - (start % size);
  for (; offset < dataEnd; offset += size) calls.push({ offset, limit: size });
  // To learn whether a list goes on, one invoice is enough: any place is a multiple of that length.
  if (offset < end) calls.push({ offset, limit: 1 });
  return calls;
}
