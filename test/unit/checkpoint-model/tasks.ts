import type { Dice } from './dice.ts';

/**
 * Tasks that run in turns, as the lanes of a workflow do: each goes on until it waits. A task that waits for a condition goes
 * on when it holds; one that waits for an activity goes on whenever it is its turn, which is where others come in between.
 */
export type Task<Result = void> = Generator<(() => boolean) | undefined, Result, Dice>;

export class Tasks {
  readonly #waiting = new Map<Task, (() => boolean) | undefined>();

  start(task: Task): void {
    this.#waiting.set(task, undefined);
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Lets one of those that can go on take a step. False when none can. */
  step(dice: Dice): boolean {
    const waiting = [...this.#waiting];
    const first = dice.below(Math.max(1, waiting.length));
    const inTurn = [...waiting.slice(first), ...waiting.slice(0, first)];
    const ready = inTurn.find(([, condition]) => condition?.() ?? true);
    if (ready === undefined) return false;
    const [task] = ready;
    const { done, value } = task.next(dice);
    if (done === true) this.#waiting.delete(task);
    else this.#waiting.set(task, value);
    return true;
  }
}

/** Waits for tasks that are started side by side. */
export function* together(tasks: Tasks, parts: readonly Task[]): Task {
  let open = parts.length;
  for (const part of parts) tasks.start(counted(part, () => open--));
  if (open > 0) yield () => open === 0;
}

function* counted(task: Task, onEnd: () => void): Task {
  yield* task;
  onEnd();
}
