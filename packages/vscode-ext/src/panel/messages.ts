/** What the panel and the extension say to one another. */
import type { CurveResult, Sizes, TaskInfo } from "@fathom/language-server";

export type ToPanel =
  /** Nothing to show: no task at the cursor. */
  | { readonly kind: "empty"; readonly text: string }
  | {
      readonly kind: "task";
      readonly task: TaskInfo;
      readonly sizes: Sizes;
      readonly vary: string | undefined;
    }
  | { readonly kind: "graph"; readonly svg?: string; readonly title: string; readonly problem?: string }
  | {
      readonly kind: "curve";
      readonly size: string;
      readonly points: CurveResult["points"];
      readonly problem?: string;
    }
  /** Markdown rendered by the editor. */
  | { readonly kind: "report"; readonly html: string };

export type FromPanel =
  | { readonly kind: "ready" }
  | { readonly kind: "sizes"; readonly sizes: Sizes }
  | { readonly kind: "vary"; readonly size: string }
  | { readonly kind: "pin"; readonly pinned: boolean }
  | { readonly kind: "command"; readonly command: "fathom.run" | "fathom.compare" | "fathom.certify" };
