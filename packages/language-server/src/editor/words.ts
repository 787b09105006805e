/** The word under a cursor, by its letters. */
export function wordAt(
  text: string,
  offset: number,
): { readonly text: string; readonly start: number; readonly end: number } | undefined {
  let [start, end] = [offset, offset];
  while (start > 0 && /\w/.test(text[start - 1]!)) start--;
  while (end < text.length && /\w/.test(text[end]!)) end++;
  return start === end ? undefined : { text: text.slice(start, end), start, end };
}
