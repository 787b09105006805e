export { verifyCertificate } from "../certificate-checker/check";
export { printCertificate } from "../certificate-checker/json";
export { checkDeclarations } from "./algebra/declarations";
export { withFiniteInts } from "./algebra/ranges";
export { applyEdits, rewriteAsSource, type SourceRewrite } from "./algebra/rewrite/as-source";
export { type Rewrite, rewrites, whyNotRewritten } from "./algebra/rewrite/rewrites";
export { checkProgram } from "./check-program";
export { type Compiled, compileTask } from "./checks/compile";
export { sizeProblems } from "./checks/sizes";
export { smallSizes } from "./checks/small-sizes";
export { type CircuitClass, explainClass, inclusion, parseClass, printClass } from "./classes/classes";
export { type ClassBound, type Judgement, type VerdictKind, verdictText } from "./classes/verdict";
export { drawGraph } from "./depth/graph-dot";
export { formOfPieces } from "./depth/pieces";
export { type DepthProof, proveDepth } from "./depth/prove";
export { defaultSizes, sampleFigures } from "./depth/samples";
export { type WorkResult, workOf } from "./depth/work";
export { emitJs } from "./emit/js/js";
export { WASM_SIZE_LIMIT } from "./emit/wasm/frame";
export { type EmitWasmOptions, emitWasm } from "./emit/wasm/wasm";
export { type ByLevel, type Launch, launchesGpu, listByLevel } from "./emit/wgsl/launches";
export { type GpuLayout, layoutGpu, shareBanks } from "./emit/wgsl/layout";
export { asksForOwnRounding, type OwnRounding, withOwnRounding } from "./emit/wgsl/library";
export { emitGpu } from "./emit/wgsl/module";
export { type GpuForms, type GpuOptions, type GpuPlan, planGpu } from "./emit/wgsl/plan";
export { FUSED_WIDTH, type GpuProgram, GROUP, inBanks } from "./emit/wgsl/program";
export { indexBeyond32 } from "./emit/wgsl/ranges";
export {
  apply,
  bit,
  ceilLog2,
  constant,
  forgetInterned,
  index,
  indexOperators,
  int,
  integer,
  log2,
  pow2,
  real,
  size,
  someExpr,
} from "./equations/build";
export type { CostModel } from "./equations/cost";
export { elementary } from "./equations/elementary";
export { evaluateIndex, forEachPoint, IndexFault, pointAt } from "./equations/evaluate-index";
export { rewriteExpr } from "./equations/expressions";
export { interpret } from "./equations/interpret";
export { lower } from "./equations/lower/lower";
export { runPasses, runPipeline } from "./equations/pass";
export { printCondition, printIndex, printInstance, printSystem } from "./equations/print";
export { uniform } from "./equations/random";
export { readSystem } from "./equations/read";
export { taskSource } from "./equations/source";
export type { ElementType, Expr, Family, FamilyValues, IndexExpr, Sizes, System } from "./equations/system";
export {
  allocate,
  bindValues,
  checkSizes,
  componentsOf,
  type Given,
  type Nested,
  offsetOf,
  place,
  randomInputs,
  randomValues,
  showSizes,
  toNested,
  typeText,
} from "./equations/values";
export { verifySystem } from "./equations/verify";
export { alignment, coarsened, type Distance, distanceBetween } from "./report/alignment";
export { analyze, checkExpects, type ModelReport, type Report } from "./report/analyze";
export { type Curve, curvesOf } from "./report/curves";
export { decideExpects } from "./report/expects";
export { FormsMemo, formsOf } from "./report/forms";
export { type Frontier, type FrontierPoint, frontierOf, knownLimits } from "./report/frontier";
export { holdExpects } from "./report/hold-expects";
export { type Picture, reportHtml } from "./report/html";
export { printJson, reportJson, rewrittenJson } from "./report/json";
export { derivationMarkdown, reportMarkdown } from "./report/markdown";
export { type Count, sizesText, wholeOrRounded } from "./report/numbers";
export { PAGE_STYLE } from "./report/page-style";
export {
  brentSteps,
  bytesOf,
  type FiguresAt,
  figuresAt,
  launchCount,
  type MachineProfile,
  PROFILE_SCHEMA,
  predict,
  profileProblem,
  type TargetProfile,
} from "./report/prediction";
export { comparedRows, type RewrittenReport, rewrittenReports, saysOf, worthOf } from "./report/rewritten";
export { saveSlices } from "./schedule/in-place";
export { levelsOf } from "./schedule/inspector";
export { packLanes, unpackLanes } from "./schedule/packing";
export type { WaveStep } from "./schedule/wavefront";
export {
  type ClosedForm,
  closed,
  closedFormKey,
  evaluateClosedForm,
  fromIndexExpr,
  printClosedForm,
  sameClosedForm,
  substituteClosedForm,
} from "./symbolic/closed-form";
export { type Growth, printGrowth } from "./symbolic/growth";
export { isWhole, rational } from "./symbolic/rational";
export {
  type Derivation,
  type Figure,
  printFigure,
  printStanding,
  type ShownPart,
  shownParts,
} from "./symbolic/standing";
export { type Unrolled, unroll } from "./unroll/unroll";
export { readingText, verdictOf } from "./verdict/judge";
export { matchModel, type Side } from "./verdict/match";
export { judgementOf } from "./verdict/program";
export { checkReductions, describeReduction, reductionTest } from "./verdict/reductions";
