/** Counts which records of a blob are stored, by a destination or in the dead letter. */
export class Receipt {
  /** Resolves when all records of the blob are stored; rejects when one could not be. */
  readonly complete: Promise<void>;
  #resolve: () => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #outstanding = 0;
  #isLastExpected = false;

  constructor() {
    this.complete = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // It may fail before anybody waits for it.
    this.complete.catch(() => undefined);
  }

  expect(records: number): void {
    this.#outstanding += records;
  }

  /** No more records are expected. */
  close(): void {
    this.#isLastExpected = true;
    this.confirm(0);
  }

  confirm(records: number): void {
    this.#outstanding -= records;
    if (this.#isLastExpected && this.#outstanding === 0) this.#resolve();
  }

  fail(error: unknown): void {
    this.#reject(error);
  }
}
