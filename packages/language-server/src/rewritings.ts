/** Shallower forms of a task or of one of its recurrences: found off the path of requests, kept by the text they depend on. */
import type { FoundRewrite, Job } from "./analysis/jobs";
import type { Unit } from "./editor/units";
import { sourceOf } from "./figure-service";

/** A request waits so long; what is found later is there when it asks again. */
const WAIT_MS = 1500;
/** Texts remembered; the oldest go first. */
const CAPACITY = 100;

export class Rewritings {
  private readonly known = new Map<string, Promise<readonly FoundRewrite[]>>();

  constructor(private readonly run: (job: Job) => Promise<unknown>) {}

  /** Of the recurrence that a family is part of; without a family, of every recurrence of the task. */
  async of(unit: Unit, family: string | undefined): Promise<readonly FoundRewrite[]> {
    const key = `${unit.key}\0${family ?? ""}`;
    let found = this.known.get(key);
    if (found === undefined) {
      found = this.run({ kind: "rewrites", source: sourceOf(unit), family }).then(
        (result) => result as readonly FoundRewrite[],
        () => [],
      );
      this.known.set(key, found);
      for (const old of this.known.keys()) {
        if (this.known.size <= CAPACITY) break;
        this.known.delete(old);
      }
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<readonly FoundRewrite[]>((go) => {
      timer = setTimeout(() => go([]), WAIT_MS);
    });
    const answer = await Promise.race([found, late]);
    clearTimeout(timer);
    return answer;
  }
}
