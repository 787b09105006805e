/** Importing the bundle starts the server; it has nothing to name. */
export {};
