/**
 * Whatever depends on itself through others.
 * @param edges what depends on what; an edge from a node to itself is no cycle
 * @returns for each cycle that a depth-first search meets, its nodes in order, the first again at the end
 */
export function findCycles(edges: Iterable<readonly [from: string, to: string]>): string[][] {
  const targets = new Map<string, Set<string>>();
  for (const [from, to] of edges) {
    if (from === to) continue;
    targets.set(from, (targets.get(from) ?? new Set()).add(to));
  }
  const cycles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): void => {
    const start = path.indexOf(node);
    if (start >= 0) cycles.push([...path.slice(start), node]);
    if (start >= 0 || done.has(node)) return;
    path.push(node);
    for (const target of targets.get(node) ?? []) visit(target);
    path.pop();
    done.add(node);
  };
  for (const node of targets.keys()) visit(node);
  return cycles;
}
