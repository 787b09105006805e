/** Patterns in one evaluation: the bits of a word. */
export const patternsPerWord = 32;

/** Either the words, or what is wrong with the patterns, in words. */
export type PackedPatterns =
  | { readonly words: Uint32Array; readonly problem?: undefined }
  | { readonly words?: undefined; readonly problem: string };

/**
 * Packs up to 32 bit strings for `evaluateCircuit`. Character i of a pattern is input i (the first character is the
 * first input); blanks and underscores between digits are skipped.
 *
 *     packPatterns(["01", "11"], 2).words // Uint32Array [0b10, 0b11]
 *
 * @param width the number of inputs of the circuit
 */
export function packPatterns(patterns: readonly string[], width: number): PackedPatterns {
  if (patterns.length > patternsPerWord)
    return { problem: `expected at most ${patternsPerWord} patterns, found ${patterns.length}` };
  const words = new Uint32Array(width);
  for (const [pattern, text] of patterns.entries()) {
    const digits = text.replace(/[\s_]/g, "");
    const which = patterns.length === 1 ? "" : ` in pattern ${pattern + 1}`;
    const stranger = /[^01]/.exec(digits);
    if (stranger !== null)
      return { problem: `expected 0 or 1${which}, found \`${stranger[0]}\` at bit ${stranger.index + 1}` };
    if (digits.length !== width)
      return { problem: `expected ${width} bits${which}, one for each input, found ${digits.length}` };
    for (let bit = 0; bit < width; bit++) {
      if (digits.charCodeAt(bit) === 49) words[bit] = (words[bit] ?? 0) | (1 << pattern);
    }
  }
  return { words };
}

/** The first `count` patterns held in the words, as bit strings: character i is word i's bit. */
export function unpackPatterns(words: Uint32Array, count: number): readonly string[] {
  return Array.from({ length: count }, (_, pattern) =>
    Array.from(words, (word) => String((word >>> pattern) & 1)).join(""),
  );
}
