/** Declarations in words, as Markdown: for hovers, completions and the panel. */
import {
  type Binder,
  builtins,
  type CheckedProgram,
  type FamilyMember,
  type Item,
  type Meaning,
  type Range,
  type TaskItem,
  type Type,
  typeName,
} from "@fathom/lang";

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();

/** The text of a node of the program. */
function sourceOf(program: CheckedProgram, owner: object, range: Range): string {
  return oneLine(program.fileOf(owner).text.slice(range.start, range.end));
}

/** `index(n + g)` with its bound; otherwise the type's name. */
function typeText(program: CheckedProgram, owner: object, type: Type): string {
  return type.kind === "index" ? `index(${sourceOf(program, owner, type.bound.range)})` : typeName(type);
}

/** The head of an item or member: all of it up to its body. */
export function headOf(program: CheckedProgram, item: Item | FamilyMember): string {
  const text = program.fileOf(item).text;
  switch (item.kind) {
    case "family": {
      const end = item.value === undefined ? item.range.end : item.value.range.start;
      const head = oneLine(text.slice(item.range.start, end)).replace(/\s*=$/, "");
      const type = program.familyType(item);
      return item.type !== undefined || type.kind === "unknown"
        ? head
        : `${head}: ${typeText(program, item, type)}`;
    }
    case "task":
    case "monoid":
    case "reduction": {
      const all = text.slice(item.range.start, item.range.end);
      const brace = all.indexOf("{");
      return oneLine(brace < 0 ? all : all.slice(0, brace));
    }
    case "fn":
      return oneLine(text.slice(item.range.start, item.body.range.start)).replace(/\s*=$/, "");
    default:
      return oneLine(text.slice(item.range.start, item.range.end));
  }
}

const binderText = (program: CheckedProgram, owner: object, b: Binder): string =>
  sourceOf(program, owner, b.range);

export interface Description {
  /** In the language. */
  readonly code: string;
  /** What kind of thing it is, in words, where the code does not say. */
  readonly note?: string | undefined;
  readonly doc?: string | undefined;
}

/** `owner` is an item of the file in which the name stands. */
export function describeMeaning(program: CheckedProgram, meaning: Meaning, owner: object): Description {
  switch (meaning.kind) {
    case "size":
      return {
        code: `${meaning.declaration.name.text}: ${meaning.declaration.sizeKind}`,
        note:
          meaning.declaration.sizeKind === "size"
            ? `a size of ${meaning.task.name.text}: a natural number that grows`
            : `a constant of ${meaning.task.name.text}: fixed, so it counts as O(1) for the class`,
      };
    case "binder":
      return { code: binderText(program, owner, meaning.declaration), note: "an index" };
    case "use-index": {
      const binder = meaning.input.binders[meaning.dimension];
      const range = binder === undefined ? "" : `: ${binderText(program, meaning.input, binder)}`;
      return {
        code: `${meaning.declaration.text}`,
        note: `an index of the input ${meaning.input.name.text}${range}`,
      };
    }
    case "param": {
      const { name, type } = meaning.declaration;
      return {
        code: `${name.text}: ${sourceOf(program, meaning.fn, type.range)}`,
        note: `a parameter of ${meaning.fn.name.text}`,
      };
    }
    case "operand": {
      const { combineParams, carrier, name } = meaning.monoid;
      const operand = combineParams[meaning.side === "left" ? 0 : 1];
      return {
        code: `${operand?.text ?? ""}: ${sourceOf(program, meaning.monoid, carrier.range)}`,
        note: `the ${meaning.side} operand of ${name.text}`,
      };
    }
    case "let": {
      const { name, value } = meaning.declaration;
      const type = program.typeOf(value);
      return {
        code: `let ${name.text} = ${sourceOf(program, owner, value.range)}`,
        note: type.kind === "unknown" ? undefined : typeText(program, owner, type),
      };
    }
    case "family":
      return { code: headOf(program, meaning.declaration), doc: meaning.declaration.doc };
    case "use": {
      const { declaration, target } = meaning;
      const at =
        declaration.binders.length === 0
          ? ""
          : `[${declaration.binders.map((b) => binderText(program, owner, b)).join(", ")}]`;
      return {
        code: `use ${target.name.text}${at} as ${declaration.alias.text}`,
        note: outputsText(program, target),
        doc: declaration.doc ?? target.doc,
      };
    }
    case "builtin":
      return builtinDescription(meaning.name);
    case "enum-case":
      return {
        code: `${meaning.declaration.name.text}.${meaning.declaration.cases[meaning.ordinal]?.text ?? ""}`,
        note: `case ${meaning.ordinal} of ${meaning.declaration.cases.length}`,
        doc: meaning.declaration.doc,
      };
    default: {
      const { declaration } = meaning;
      return { code: headOf(program, declaration), doc: declaration.doc };
    }
  }
}

const outputsText = (program: CheckedProgram, task: TaskItem): string => {
  const outputs = task.members.flatMap((m) =>
    m.kind === "family" && m.role === "output" ? [`\`${headOf(program, m)}\``] : [],
  );
  return outputs.length === 0 ? "it has no outputs" : `delivers ${outputs.join(", ")}`;
};

const argumentNames = ["x", "y", "z", "w"];

/** `min(x, y)`, with what it takes and gives. */
export function builtinDescription(name: string): Description {
  const builtin = Object.hasOwn(builtins, name) ? builtins[name] : undefined;
  if (builtin === undefined) return { code: name };
  const { arity, takes, gives } = builtin;
  const type = takes === "number" ? "int or real" : takes === "any" ? "any scalar" : takes;
  const result = gives === "same" ? "the same type" : gives;
  const parameters = argumentNames.slice(0, arity).join(", ");
  return { code: `${name}(${parameters})`, note: `takes ${type}, gives ${result}`, doc: builtin.doc };
}

const fenced = (code: string): string => `\`\`\`fathom\n${code}\n\`\`\``;

export function descriptionMarkdown(d: Description): string {
  return [
    fenced(d.code),
    ...(d.note === undefined ? [] : [d.note]),
    ...(d.doc === undefined ? [] : [d.doc]),
  ].join("\n\n");
}
