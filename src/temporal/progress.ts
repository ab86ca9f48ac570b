/** Takes one line for people. Called at least every 15 s while something takes its time, on a terminal or not. */
export type OnProgress = (line: string) => void;

const lineEveryMs = 15_000;

/** Reports `title: <elapsed>, <detail>` now and every 15 s until `work` is done. */
export async function withProgress<Result>(
  { onProgress, title, detail }: { onProgress: OnProgress; title: string; detail: () => string },
  work: () => Promise<Result>,
): Promise<Result> {
  const startMs = Date.now();
  const report = () => onProgress(`${title}: ${elapsed(Date.now() - startMs)}, ${detail()}`);
  report();
  const timer = setInterval(report, lineEveryMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

function elapsed(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
