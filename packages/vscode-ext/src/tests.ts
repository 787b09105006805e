/** Test explorer: every `example` is run on the back ends here, every `expect` is what the analysis says of it. */
import { type ExampleInfo, type ExampleResult, requests, type TaskInfo } from "@fathom/language-server";
import {
  type Disposable,
  Location,
  Range,
  type TestItem,
  TestMessage,
  TestRunProfileKind,
  type TextDocument,
  tests,
  Uri,
  workspace,
} from "vscode";
import { isFathom, type Server } from "./server";

type Subject =
  | { readonly kind: "example"; readonly uri: string; readonly index: number }
  | { readonly kind: "expect"; readonly uri: string; readonly task: string; readonly index: number };

const range = (r: ExampleInfo["range"]): Range =>
  new Range(r.start.line, r.start.character, r.end.line, r.end.character);

export function registerTests(server: Server): Disposable {
  const controller = tests.createTestController("fathom", "Fathom");
  const subjects = new WeakMap<TestItem, Subject>();

  const refresh = async (document: TextDocument): Promise<void> => {
    if (!isFathom(document)) return;
    const uri = server.uriOf(document);
    const [tasks, examples] = await Promise.all([
      server.tasks(document),
      server.ask<readonly ExampleInfo[]>(requests.examples, { uri }),
    ]);
    const items: TestItem[] = [];
    const add = (id: string, label: string, at: ExampleInfo["range"], subject: Subject): void => {
      const item = controller.createTestItem(`${uri} ${id}`, label, document.uri);
      item.range = range(at);
      subjects.set(item, subject);
      items.push(item);
    };
    for (const t of tasks)
      (t.figures?.expects ?? []).forEach((e, index) =>
        add(`${t.task} expect ${index}`, `${t.task}: ${e.text}`, t.nameRange, {
          kind: "expect",
          uri,
          task: t.task,
          index,
        }),
      );
    for (const e of examples ?? [])
      add(`example ${e.index}`, `${e.task}: ${e.title ?? "example"}`, e.range, {
        kind: "example",
        uri,
        index: e.index,
      });
    if (items.length === 0) {
      controller.items.delete(uri);
      return;
    }
    const file = controller.createTestItem(uri, workspace.asRelativePath(document.uri), document.uri);
    file.children.replace(items);
    controller.items.add(file);
  };
  const refreshAll = (): void => workspace.textDocuments.forEach((d) => void refresh(d));
  const refreshUri = (uri: string): void =>
    workspace.textDocuments.filter((d) => server.uriOf(d) === uri).forEach((d) => void refresh(d));

  controller.createRunProfile(
    "Run",
    TestRunProfileKind.Run,
    async (request, token) => {
      const run = controller.createTestRun(request);
      const queue: TestItem[] = [];
      const collect = (item: TestItem): void => {
        if (request.exclude?.includes(item)) return;
        if (item.children.size > 0) item.children.forEach(collect);
        else queue.push(item);
      };
      if (request.include === undefined) controller.items.forEach(collect);
      else request.include.forEach(collect);
      for (const item of queue) {
        const subject = subjects.get(item);
        if (subject === undefined) continue;
        if (token.isCancellationRequested) {
          run.skipped(item);
          continue;
        }
        run.started(item);
        const started = Date.now();
        if (subject.kind === "expect") {
          const tasks = await server.ask<readonly TaskInfo[]>(requests.tasks, { uri: subject.uri });
          const outcome = tasks?.find((t) => t.task === subject.task)?.figures?.expects[subject.index];
          if (outcome === undefined) run.errored(item, new TestMessage("the task could not be analysed"));
          else if (outcome.outcome === "refuted")
            run.failed(item, new TestMessage(outcome.detail), Date.now() - started);
          else if (outcome.outcome === "undecided")
            run.errored(item, new TestMessage(`not decided: ${outcome.detail}`));
          else {
            run.appendOutput(`${item.label}: ${outcome.outcome}, ${outcome.detail}\r\n`, undefined, item);
            run.passed(item, Date.now() - started);
          }
          continue;
        }
        const answer = await server.ask<ExampleResult>(
          requests.runExample,
          { uri: subject.uri, index: subject.index },
          token,
        );
        const messages = (answer?.results ?? []).flatMap((r) =>
          r.diagnostics.map((d) => {
            const message = new TestMessage(`${r.backend}: ${d.message}`);
            message.location = new Location(item.uri ?? Uri.parse(subject.uri), range(d.range));
            return message;
          }),
        );
        if (answer === undefined) run.skipped(item);
        else if (messages.length > 0) run.failed(item, messages, Date.now() - started);
        else run.passed(item, Date.now() - started);
      }
      run.end();
    },
    true,
  );
  controller.refreshHandler = refreshAll;
  refreshAll();
  const listeners = [
    workspace.onDidOpenTextDocument((d) => void refresh(d)),
    workspace.onDidCloseTextDocument((d) => controller.items.delete(server.uriOf(d))),
    server.onFigures(refreshUri),
  ];
  return { dispose: () => [controller, ...listeners].forEach((d) => void d.dispose()) };
}
