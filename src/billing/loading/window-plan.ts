import type { PageRequest, Window } from '../model/window';

/** How the billing API pages: which windows one call can ask for. */
export interface Paging {
  /** `offset`: any window. `page`: windows that start at a multiple of their length. See contract/reading.md. */
  readonly mode: 'offset' | 'page';
  /** Most invoices that one call may ask for. */
  readonly maxQuantity: number;
}

/** A call to make. A lazy one is needed only if the one before it came back full. */
export interface PlannedCall extends Window {
  readonly lazy: boolean;
}

/** Calls that together answer every page between `start` and `end`, in order, without a gap. */
export interface PlannedRun {
  readonly start: number;
  readonly end: number;
  readonly calls: readonly PlannedCall[];
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
 * apart, and a run longer than a call may be is split. What only a probe for the next page asks for is planned lazy.
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

function split(start: number, dataEnd: number, end: number, paging: Paging): PlannedCall[] {
  const length = end - start;
  if (paging.mode === 'offset') {
    if (length <= paging.maxQuantity) return [{ offset: start, limit: length, lazy: false }];
    const calls: PlannedCall[] = [];
    for (let offset = start; offset < end; offset += paging.maxQuantity) {
      // The last one asks for the rest alone: to learn whether a list goes on, one invoice is enough.
      calls.push({ offset, limit: Math.min(paging.maxQuantity, end - offset), lazy: offset >= dataEnd });
    }
    return calls;
  }
  // A page number can only name windows that start at a multiple of their length. The smallest such window around
  // ours is one call; where none is short enough, aligned windows next to each other cover it.
  for (let size = length; size <= paging.maxQuantity; size++) {
    const offset = start - (start % size);
    if (end <= offset + size) return [{ offset, limit: size, lazy: false }];
  }
  const size = Math.min(length, paging.maxQuantity);
  const calls: PlannedCall[] = [];
  for (let offset = start - (start % size); offset < end; offset += size) calls.push({ offset, limit: size, lazy: offset >= dataEnd });
  return calls;
}
