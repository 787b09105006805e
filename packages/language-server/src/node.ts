/** The server as a Node program: over stdio, IPC or a socket, as the arguments say. The same file is its own worker. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { createConnection, ProposedFeatures } from "vscode-languageserver/node";
import type { FromWorker, ToWorker, WorkerLike } from "./analysis/lane";
import { serveJobs } from "./analysis/serve";
import { builtIn } from "./built-in";
import { drawSvg } from "./draw-svg";
import { startServer } from "./server";

const filePath = (uri: string): string | undefined =>
  uri.startsWith("file:") ? fileURLToPath(uri) : undefined;

function read(uri: string): string | undefined {
  const path = filePath(uri);
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** At most so many files of a workspace are looked at. */
const LISTED = 5000;

async function list(folder: string): Promise<string[]> {
  const root = filePath(folder);
  const found: string[] = [];
  const walk = (path: string): void => {
    try {
      for (const entry of readdirSync(path, { withFileTypes: true })) {
        if (found.length >= LISTED) return;
        if (entry.isDirectory() && entry.name !== "node_modules" && !entry.name.startsWith("."))
          walk(join(path, entry.name));
        else if (entry.isFile() && entry.name.endsWith(".fathom"))
          found.push(pathToFileURL(join(path, entry.name)).href);
      }
    } catch {
      // A folder that cannot be read has no files for us.
    }
  };
  if (root !== undefined) walk(root);
  return found;
}

function makeWorker(): WorkerLike {
  const worker = new Worker(__filename, {
    // A task that needs more is given up, and said to be; the server lives on.
    resourceLimits: { maxOldGenerationSizeMb: 1024, maxYoungGenerationSizeMb: 32 },
  });
  worker.unref();
  return {
    post: (message: ToWorker) => worker.postMessage(message),
    onMessage: (listener) => worker.on("message", listener),
    onExit: (listener) => {
      worker.on("exit", listener);
      worker.on("error", listener);
    },
    end: () => void worker.terminate(),
  };
}

/** A folder of the repository, where the program stands in one. */
function folder(name: string): string | undefined {
  const path = join(__dirname, "../../..", name);
  return existsSync(path) ? pathToFileURL(path).href : undefined;
}

if (isMainThread) {
  const connection = createConnection(ProposedFeatures.all);
  // A client that refuses a request of ours must not end the server.
  process.on("unhandledRejection", (reason) => connection.console.error(String(reason)));
  startServer(connection, {
    read,
    list,
    std: builtIn.std,
    pages: builtIn.pages,
    stdBase: folder("std"),
    docsBase: folder("docs/errors"),
    makeWorker,
    drawSvg,
    savePicture: async (name, svg) => {
      const path = join(mkdtempSync(join(tmpdir(), "fathom-")), name);
      writeFileSync(path, svg);
      return pathToFileURL(path).href;
    },
  });
} else {
  const port = parentPort!;
  port.on(
    "message",
    serveJobs((message: FromWorker) => port.postMessage(message)),
  );
}
