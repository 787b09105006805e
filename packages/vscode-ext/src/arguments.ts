/** What is typed to run a task. */
import type { Sizes, TaskInfo } from "@fathom/language-server";

/** `n=8 start=0001 x=[1,2] y=random:7`, or what is wrong with it. */
export function parseArguments(
  task: Pick<TaskInfo, "sizes" | "inputs">,
  text: string,
): { readonly sizes: Sizes; readonly inputs: Record<string, unknown> } | string {
  const sizes: Record<string, number> = {};
  const inputs: Record<string, unknown> = {};
  for (const word of text.split(/\s+(?=[A-Za-z_]\w*=)/).map((w) => w.trim())) {
    if (word === "") continue;
    const match = /^([A-Za-z_]\w*)=(.*)$/s.exec(word);
    if (match === null) return `${word}: write name=value, as in n=8`;
    const [, name, value] = match as unknown as [string, string, string];
    if (task.sizes.some((s) => s.name === name)) {
      if (!/^\d+$/.test(value)) return `the size ${name} is a whole number`;
      sizes[name] = Number(value);
    } else if (task.inputs.some((i) => i.name === name)) {
      const random = /^random(?::(\d+))?$/.exec(value);
      if (random !== null) inputs[name] = { random: Number(random[1] ?? 0) };
      else if (/^[01]{2,}$/.test(value)) inputs[name] = value;
      else {
        try {
          inputs[name] = JSON.parse(value);
        } catch {
          return `${name}: write a number, a list as in [1,2,3], bits as in 0101, or random`;
        }
      }
    } else
      return `there is no size or input ${name}; there are ${[...task.sizes, ...task.inputs].map((x) => x.name).join(", ")}`;
  }
  const missing = task.sizes.find((s) => sizes[s.name] === undefined);
  return missing === undefined ? { sizes, inputs } : `give the size ${missing.name}, as in ${missing.name}=8`;
}
