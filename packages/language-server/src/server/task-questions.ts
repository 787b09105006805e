/** Questions beyond the protocol: tasks and their figures, runs, graphs, certificates, examples. */
import type { ExampleOutcome } from "../analysis/jobs";
import { codeMarkdown } from "../editor/hover";
import { rangeOf } from "../editor/navigate";
import { diagnosticOf } from "../editor/units";
import {
  type CertifyResult,
  type Comparable,
  type CompareParams,
  type CurveParams,
  type DocumentParams,
  type ExampleInfo,
  type ExampleParams,
  type ExampleResult,
  type GraphParams,
  type GraphResult,
  type ReportParams,
  type RunParams,
  requests,
  type TaskAtParams,
  type TaskParams,
} from "../protocol";
import { normalise } from "../workspace";
import { compare, otherTasks } from "./compare";
import { errorsOf, problemOf, type Session } from "./session";
import { taskInfo } from "./task-info";

export function taskQuestions(session: Session): void {
  const { connection, workspace, edge } = session;
  connection.onRequest(
    requests.comparable,
    async (params: TaskParams): Promise<Comparable[]> =>
      (await otherTasks(session, params)).map(({ unit, ...task }) => task),
  );
  connection.onRequest(requests.compare, (params: CompareParams, token) => compare(session, params, token));

  connection.onRequest(requests.taskAt, async ({ uri, position }: TaskAtParams) => {
    await session.settle(uri);
    const snapshot = workspace.snapshot(uri);
    const unit = snapshot?.unitAt(session.offset(snapshot, position));
    return snapshot === undefined || unit === undefined ? null : taskInfo(session, snapshot, unit);
  });
  connection.onRequest(requests.tasks, async ({ uri }: DocumentParams) => {
    await session.settle(uri);
    const snapshot = workspace.snapshot(uri);
    return snapshot === undefined ? [] : snapshot.units.map((u) => taskInfo(session, snapshot, u));
  });

  connection.onRequest(requests.report, (params: ReportParams, token) =>
    session.ask(params, (source) => ({ kind: "report", source, params }), { problems: [] }, token),
  );
  connection.onRequest(requests.graph, async (params: GraphParams, token): Promise<GraphResult> => {
    const graph: GraphResult = await session.ask(
      params,
      (source) => ({ kind: "graph", source, params }),
      { problems: [] },
      token,
    );
    return graph.dot === undefined ? graph : { ...graph, svg: await edge.drawSvg(graph.dot) };
  });
  connection.onRequest(requests.curve, (params: CurveParams, token) =>
    session.ask(params, (source) => ({ kind: "curve", source, params }), { problems: [], points: [] }, token),
  );
  connection.onRequest(requests.run, (params: RunParams, token) =>
    session.ask(
      params,
      (source) => ({ kind: "run", source, params }),
      { problems: [], outputs: [], sizes: {}, milliseconds: 0 },
      token,
    ),
  );
  connection.onRequest(requests.certify, (params: TaskParams, token) =>
    session.ask<CertifyResult>(
      params,
      (source) => ({ kind: "certify", source }),
      { problems: [], summary: "the task has errors" },
      token,
    ),
  );
  connection.onRequest(requests.examples, ({ uri }: DocumentParams): ExampleInfo[] => {
    const snapshot = workspace.snapshot(uri);
    return (snapshot?.program.examples ?? []).map((e, index) => ({
      uri,
      index,
      task: e.task.text,
      title: e.title?.value,
      range: rangeOf(snapshot!, snapshot!.uri, e.range),
    }));
  });
  connection.onRequest(
    requests.runExample,
    async ({ uri, index }: ExampleParams, token): Promise<ExampleResult> => {
      const snapshot = workspace.snapshot(uri);
      const unit = snapshot?.exampleUnit(index);
      if (snapshot === undefined || unit === undefined)
        return { problems: [problemOf("there is no such example")], results: [] };
      if (unit.broken) return { problems: errorsOf(snapshot), results: [] };
      const source = { texts: unit.texts, task: unit.task.task.text };
      const { problems, results } = (await session.question(
        { kind: "example", source },
        token,
      )) as ExampleOutcome;
      return {
        problems,
        results: results.map(({ backend, diagnostics }) => ({
          backend,
          diagnostics: diagnostics.map((d) => {
            const { file, range, code, severity, message, help } = diagnosticOf(
              snapshot.program,
              unit,
              d,
              unit.task.range,
            );
            return { code, severity, message, help, range: rangeOf(snapshot, file, range) };
          }),
        })),
      };
    },
  );
  connection.onRequest(requests.explain, ({ code }: { code: string }) => {
    const markdown = codeMarkdown(code, edge.pages[code]);
    return markdown === undefined ? null : { markdown };
  });
  connection.onRequest(requests.content, ({ uri }: { uri: string }) => {
    const text = workspace.text(normalise(uri));
    return text === undefined ? null : { text };
  });
}
