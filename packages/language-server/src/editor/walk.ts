/** Walks the syntax tree by its shape, so that new kinds of nodes need nothing here. */
import type { Range } from "@fathom/lang";

/** Any node of the tree. */
export interface TreeNode {
  readonly kind: string;
  readonly range: Range;
}

/** Calls `visit` with every node directly below, in the order of the record's members. */
export function forEachChild(node: object, visit: (child: TreeNode) => void): void {
  for (const key in node) {
    const value: unknown = node[key as keyof typeof node];
    if (typeof value !== "object" || value === null) continue;
    if (!Array.isArray(value)) enter(value, visit);
    else
      for (const element of value) if (typeof element === "object" && element !== null) enter(element, visit);
  }
}

/** Plain records such as an `expect`'s claim have no range of their own: their parts are children of the node above. */
function enter(value: object, visit: (child: TreeNode) => void): void {
  if ("range" in value && "kind" in value) visit(value as TreeNode);
  else if (!("start" in value)) forEachChild(value, visit);
}

const contains = (range: Range, offset: number): boolean => range.start <= offset && offset <= range.end;

/** The nodes around an offset, outermost first. Nodes that recovery invented (empty, at 0) are never inside their parent. */
export function pathTo(root: TreeNode, offset: number): TreeNode[] {
  const path: TreeNode[] = [];
  let node: TreeNode | undefined = root;
  while (node !== undefined) {
    path.push(node);
    const outer: TreeNode = node;
    let next: TreeNode | undefined;
    forEachChild(outer, (child) => {
      if (!contains(child.range, offset) || !within(child.range, outer.range)) return;
      // Where two children touch (`a|[i]`), the later one begins at the cursor; the shorter one is meant.
      if (next === undefined || child.range.end - child.range.start <= next.range.end - next.range.start)
        next = child;
    });
    node = next;
  }
  return path;
}

const within = (inner: Range, outer: Range): boolean => inner.start >= outer.start && inner.end <= outer.end;
