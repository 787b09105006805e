import { afterEach, beforeEach, vi } from "vitest";

/** What the command under test has printed since the test began, or since `forget()`. */
export interface Captured {
  out: string;
  err: string;
  forget(): void;
}

/** Keeps standard output and standard error from the terminal, for every test of the file that calls it. */
export function capture(): Captured {
  const said: Captured = {
    out: "",
    err: "",
    forget() {
      [said.out, said.err] = ["", ""];
    },
  };
  beforeEach(() => {
    said.forget();
    for (const stream of ["out", "err"] as const)
      vi.spyOn(process[`std${stream}`], "write").mockImplementation((text) => {
        said[stream] += text;
        return true;
      });
  });
  afterEach(() => vi.restoreAllMocks());
  return said;
}
