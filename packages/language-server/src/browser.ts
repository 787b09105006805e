/** The server as a web worker. The same file is the worker of its own analyses. */
import { BrowserMessageReader, BrowserMessageWriter, createConnection } from "vscode-languageserver/browser";
import type { FromWorker, ToWorker, WorkerLike } from "./analysis/lane";
import { serveJobs } from "./analysis/serve";
import { builtIn } from "./built-in";
import { drawSvg } from "./draw-svg";
import { clientRequests } from "./protocol";
import { startServer } from "./server";

/** The part of a worker's scope that is used: the DOM's types are not those of Node. */
interface Scope {
  readonly name: string;
  readonly location: { readonly href: string };
  postMessage(message: unknown): void;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
}
declare const self: Scope;
declare const Worker: new (
  url: string,
  options: { readonly name: string },
) => {
  postMessage(message: unknown): void;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onerror: (() => void) | null;
  terminate(): void;
};

const ROLE = "fathom analysis";

function makeWorker(): WorkerLike {
  const worker = new Worker(self.location.href, { name: ROLE });
  return {
    post: (message: ToWorker) => worker.postMessage(message),
    onMessage: (listener) => {
      worker.onmessage = ({ data }) => listener(data as FromWorker);
    },
    onExit: (listener) => {
      worker.onerror = () => listener();
    },
    end: () => worker.terminate(),
  };
}

if (self.name === ROLE) {
  const serve = serveJobs((message) => self.postMessage(message));
  self.onmessage = ({ data }) => serve(data as ToWorker);
} else {
  const scope = self as unknown as ConstructorParameters<typeof BrowserMessageReader>[0];
  const connection = createConnection(new BrowserMessageReader(scope), new BrowserMessageWriter(scope));
  startServer(connection, {
    read: async (uri) => {
      const found = await connection.sendRequest<{ text: string } | null>(clientRequests.read, { uri });
      return found?.text;
    },
    list: async () => [],
    std: builtIn.std,
    pages: builtIn.pages,
    makeWorker,
    drawSvg,
  });
}
