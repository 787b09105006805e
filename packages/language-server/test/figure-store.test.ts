import { expect, test } from "vitest";
import type { TaskFigures } from "../src/analysis/figures";
import type { Unit } from "../src/editor/units";
import { FigureStore } from "../src/figure-store";

const unit = { key: "task A() {}", broken: false, task: { name: { text: "A" } } } as Unit;
const figures = (stage: TaskFigures["stage"]): TaskFigures => ({
  task: "A",
  stage,
  diagnostics: [],
  families: [],
  expects: [],
  citations: [],
});

test("figures of a text stay when an analysis of the same text in another document begins, and is cancelled", () => {
  const store = new FigureStore();
  store.set("file:///a", unit, figures("checked"));
  expect(store.known("file:///a", unit).state).toBe("none");
  store.set("file:///a", unit, figures("analysed"));
  store.set("file:///b", unit, figures("checked"));
  expect(store.known("file:///a", unit).state).toBe("fresh");
  expect(store.known("file:///b", unit).state).toBe("fresh");
});
