// What a CPU profile says: time by function and by module group, without what the called functions took.

const DIST = new URL('../../dist/', import.meta.url).href;

/** What frames without a file are: V8's own names for where the time went. */
const NAMELESS = new Map([
  ['(garbage collector)', 'garbage collection'],
  ['(program)', 'outside JavaScript (system calls, V8)'],
]);

const NODE_GROUPS = [
  [/^node:(_http|http|internal\/http)/, 'node:http'],
  [/^node:(net|internal\/stream|stream|internal\/streams|internal\/js_stream)/, 'node:net and streams'],
  [/^node:(internal\/)?deps\/undici/, 'undici'],
  [/^node:(internal\/)?(timers|process\/task_queues)/, 'node: timers and ticks'],
];

/**
 * Sums the samples of a profile. Idle time is left out.
 * @returns busyUs, and lists by function and by group with `us` each, the largest first.
 */
export function summarizeProfile({ nodes, samples, timeDeltas }) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const node of nodes) for (const child of node.children ?? []) byId.get(child).parent = node;
  const functions = new Map();
  const groups = new Map();
  let busyUs = 0;
  samples.forEach((id, index) => {
    const node = byId.get(id);
    // The time that a sample stands for is the time until the next one.
    const us = timeDeltas[index + 1] ?? 0;
    if (node.callFrame.functionName === '(idle)') return;
    busyUs += us;
    const group = toGroup(node);
    add(groups, group, us);
    add(functions, toName(node, group), us);
  });
  return { busyUs, functions: toSorted(functions), groups: toSorted(groups) };
}

function add(sums, name, us) {
  sums.set(name, (sums.get(name) ?? 0) + us);
}

function toSorted(sums) {
  return [...sums].map(([name, us]) => ({ name, us })).sort((a, b) => b.us - a.us);
}

function toGroup({ callFrame: { url, functionName }, parent }) {
  if (NAMELESS.has(functionName)) return NAMELESS.get(functionName);
  // A function of Node's in C++, or one that was compiled while running: its caller's.
  if (url === '') return parent ? toGroup(parent) : NAMELESS.get('(program)');
  if (url.startsWith(DIST)) {
    const [room, ...below] = url.slice(DIST.length).split('/');
    return below.length > 0 ? `src/${room}` : 'src';
  }
  const folder = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(url);
  if (folder) return folder[1];
  return NODE_GROUPS.find(([pattern]) => pattern.test(url))?.[1] ?? (url.startsWith('node:') ? 'node: other' : 'other');
}

function toName({ callFrame: { url, functionName, lineNumber }, parent }, group) {
  if (NAMELESS.has(functionName)) return NAMELESS.get(functionName);
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return `${name} (native or compiled, for ${parent?.callFrame.functionName || group})`;
  return `${name} ${url.replace(DIST, '').replace(/^.*\/node_modules\//, '')}:${lineNumber + 1}`;
}
