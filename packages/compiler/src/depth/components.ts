/** Strongly connected components, what is read first (Tarjan 1972). */
export function components(names: readonly string[], reads: (name: string) => readonly string[]): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const on = new Set<string>();
  const found: string[][] = [];
  const known = new Set(names);
  const open: { readonly name: string; readonly rest: Iterator<string> }[] = [];
  const enter = (name: string): void => {
    index.set(name, index.size);
    low.set(name, index.get(name)!);
    stack.push(name);
    on.add(name);
    open.push({ name, rest: new Set(reads(name)).values() });
  };
  const least = (n: string, other: number): void => {
    low.set(n, Math.min(low.get(n)!, other));
  };
  // Chains of thousands of families would be too deep for recursion.
  const visit = (first: string): void => {
    enter(first);
    while (open.length > 0) {
      const { name, rest } = open[open.length - 1]!;
      const next = rest.next();
      if (next.done !== true) {
        if (!known.has(next.value)) continue;
        if (!index.has(next.value)) enter(next.value);
        else if (on.has(next.value)) least(name, index.get(next.value)!);
        continue;
      }
      open.pop();
      const reader = open[open.length - 1]?.name;
      if (reader !== undefined) least(reader, low.get(name)!);
      if (low.get(name) !== index.get(name)) continue;
      const part: string[] = [];
      for (let m = stack.pop()!; ; m = stack.pop()!) {
        on.delete(m);
        part.push(m);
        if (m === name) break;
      }
      found.push(part);
    }
  };
  for (const n of names) if (!index.has(n)) visit(n);
  return found;
}
