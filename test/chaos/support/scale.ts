/** What all of the suite takes by default, on two cores. */
const suiteMinutes = 20;

const scale = Number(process.env['CHAOS_MINUTES'] ?? suiteMinutes) / suiteMinutes;

/** So many of something (kills, seconds, updates) as `CHAOS_MINUTES` allows for. */
export function scaled(count: number): number {
  return Math.max(1, Math.round(count * scale));
}

/** A condition that holds when so many seconds, scaled, are over. */
export function afterSeconds(seconds: number): () => boolean {
  const endMs = Date.now() + scaled(1_000 * seconds);
  return () => Date.now() >= endMs;
}
