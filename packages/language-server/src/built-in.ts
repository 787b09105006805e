/** What the build puts into the bundle: the standard library and the pages of diagnostics, so that it needs no files. */
declare const FATHOM_STD: Readonly<Record<string, string>>;
declare const FATHOM_PAGES: Readonly<Record<string, string>>;

export const builtIn = { std: FATHOM_STD, pages: FATHOM_PAGES };
