/** One line for people on standard error; standard output is for answers. */
export function printProgress(line: string): void {
  process.stderr.write(`${line}\n`);
}
