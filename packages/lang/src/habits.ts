/** What hands write out of the habit of other languages, and how Fathom says it. Help texts for syntax errors and unknown names. */

const reduction = (op: string) => `a reduction is written \`${op}[i: 0..n] x[i]\``;
const range = "a range is written `i: 0..n`, `i: 0..=n` with its end";
const choice = "a choice is written `if c { a } else { b }`";
const loop = "there are no loops: a family has a value at every index, `node y[i: 0..n]: int = …`";

/** Characters that are no token. */
const characters: Readonly<Record<string, string>> = {
  "&": "write `and`",
  "&&": "write `and`",
  "|": "write `or`",
  "||": "write `or`",
  "!": "write `not`",
  "~": "write `not`",
  "%": "write `mod`",
  "?": choice,
  ";": "the end of the line ends it",
  "#": "a comment begins with `//`",
  "'": 'bit strings stand between double quotes: `"0110"`',
};

/** Words and signs where none of the kind is expected. */
const tokens: Readonly<Record<string, string>> = {
  then: choice,
  in: range,
  over: reduction("sum"),
  for: loop,
  while: loop,
  return: "the last expression of a block is its value",
  var: "write `let` in a block, `node` in a task",
  def: "a function is written `fn f(x: int): int = …`",
  function: "a function is written `fn f(x: int): int = …`",
  let: "`let v = e` stands before the last expression of a block `{ … }`; in a task write `node v: int = e`",
};

const types: Readonly<Record<string, string>> = {
  bool: "bit",
  boolean: "bit",
  Bool: "bit",
  integer: "int",
  i32: "int",
  i64: "int",
  nat: "int",
  Int: "int",
  float: "real",
  f32: "real",
  f64: "real",
  double: "real",
  Real: "real",
  number: "real",
};

const reductions = new Set("sum product any all parity majority count argmin argmax reduce".split(" "));

const functions: Readonly<Record<string, string>> = {
  pow: "write `x * x`; `2^k` is for sizes",
  sigmoid: "write `fn sigmoid(x: real): real = 1.0 / (1.0 + exp(-x))`",
  relu: "write `max(x, 0.0)`",
  round: "write `floor(x + 0.5)`",
  ceil: "write `-floor(-x)`",
  ln: "write `log(x)`",
};

const own = (table: Readonly<Record<string, string>>, key: string) =>
  Object.hasOwn(table, key) ? table[key]! : "";

/** Help for characters that are no token, or "". */
export const habitOfCharacters = (found: string): string => own(characters, found);

/** Help for the token at `at`, which was not expected there; or "". */
export function habitOfToken(expected: string, text: string, at: number): string {
  const rest = text.slice(at, at + 20);
  if (text.slice(at - 1, at + 1) === "**") return functions.pow!;
  if (/^-\s*>/.test(rest)) return "a type stands behind a colon: `y[i: 0..n]: int`";
  if (rest.startsWith("= ") && /operator|`\{`|`\)`/.test(expected)) return "equality is written `==`";
  if (/^(:|for\b)/.test(rest) && expected === "`)`") return reduction("sum");
  return own(tokens, /^\w*/.exec(rest)![0]);
}

/** Help for a name that nothing bears, or "". */
export function habitOfName(name: string): string {
  if (reductions.has(name)) return reduction(name === "reduce" ? "reduce M" : name);
  const type = own(types, name);
  return type === "" ? own(functions, name) : `did you mean \`${type}\`?`;
}
