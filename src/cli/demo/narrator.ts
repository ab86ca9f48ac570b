import { execFile } from 'node:child_process';
import { styleText } from 'node:util';

/** Tells the story on standard output: headlines, the commands it runs, and one line that moves. */
export class Narrator {
  readonly #isTerminal = process.stdout.isTTY;
  #hasProgress = false;
  #lastProgressMs = 0;

  headline(text: string): void {
    this.#endProgress();
    process.stdout.write(`\n${this.#style('bold', text)}\n`);
  }

  say(text: string): void {
    this.#endProgress();
    process.stdout.write(`${text}\n`);
  }

  /** A line that the next one replaces; where there is no terminal, one in five seconds. */
  progress(text: string): void {
    if (this.#isTerminal) {
      process.stdout.write(`\r\u001b[2K${text.slice(0, (process.stdout.columns || 80) - 1)}`);
      this.#hasProgress = true;
    } else if (Date.now() - this.#lastProgressMs >= 5_000) {
      this.#lastProgressMs = Date.now();
      process.stdout.write(`${text}\n`);
    }
  }

  /** Prints a command as one would type it, runs it, and prints what it prints, cut to `maxLines`. */
  async run(
    shown: string,
    file: string,
    args: readonly string[],
    options: { readonly environment: NodeJS.ProcessEnv; readonly maxLines?: number; readonly pick?: RegExp },
  ): Promise<void> {
    this.say(this.#style('cyan', `$ ${shown}`));
    const output = await new Promise<string>((resolve, reject) => {
      execFile(file, args, { env: options.environment }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`${shown}\nended with status ${error.code}: ${stderr.trim()}`));
      });
    });
    const lines = output.trimEnd().split('\n');
    const picked =
      options.pick === undefined ? lines : lines.slice(lines.findIndex((line) => options.pick!.test(line)));
    const shownLines = picked.slice(0, options.maxLines ?? picked.length);
    for (const line of shownLines) this.say(this.#style('dim', `  ${cut(line)}`));
    if (shownLines.length < picked.length) this.say(this.#style('dim', '  …'));
  }

  #endProgress(): void {
    if (this.#hasProgress) process.stdout.write('\n');
    this.#hasProgress = false;
  }

  #style(style: 'bold' | 'cyan' | 'dim', text: string): string {
    return this.#isTerminal && !process.env['NO_COLOR'] ? styleText(style, text) : text;
  }
}

/** The CLI prints some values, such as search attributes, as one line of a thousand characters. */
function cut(line: string): string {
  return line.length <= 140 ? line : `${line.slice(0, 139)}…`;
}
