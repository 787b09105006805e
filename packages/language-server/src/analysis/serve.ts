/** The worker's side of a lane: takes jobs, one after the other. */
import { perform } from "./jobs";
import type { FromWorker, ToWorker } from "./lane";

const soon: (go: (value: unknown) => void) => void = globalThis.setImmediate ?? ((go) => setTimeout(go, 0));

export function serveJobs(post: (message: FromWorker) => void): (message: ToWorker) => void {
  let stopped = false;
  return (message) => {
    if (message.kind === "stop") {
      stopped = true;
      return;
    }
    const { id, job } = message;
    stopped = false;
    perform(job, {
      emit: (found) => post({ kind: "found", id, found }),
      clock: () => performance.now(),
      // A turn of the event loop, so that `stop` can arrive.
      pause: async () => {
        await new Promise((go) => soon(go));
        return stopped;
      },
    }).then(
      (result) => post({ kind: "done", id, result }),
      (error: Error) => post({ kind: "failed", id, message: error.stack ?? error.message }),
    );
  };
}
