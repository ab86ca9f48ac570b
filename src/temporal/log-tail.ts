import { open, stat } from 'node:fs/promises';

const linesInError = 10;
const readAtMostBytes = 256 * 1024;

/** What is appended to a log file from now on. */
export class LogTail {
  readonly #path: string;
  readonly #offset: number;

  private constructor(path: string, offset: number) {
    this.#path = path;
    this.#offset = offset;
  }

  static async atEndOf(path: string): Promise<LogTail> {
    const { size } = await stat(path).catch(() => ({ size: 0 }));
    return new LogTail(path, size);
  }

  /** The first 256 KiB. */
  async read(): Promise<string> {
    const file = await open(this.#path, 'r');
    try {
      const buffer = Buffer.alloc(readAtMostBytes);
      const { bytesRead } = await file.read(buffer, 0, readAtMostBytes, this.#offset);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  }

  async lastLines(): Promise<string> {
    return (await this.read()).trimEnd().split('\n').slice(-linesInError).join('\n');
  }
}
