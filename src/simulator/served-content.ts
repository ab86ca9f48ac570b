import type { SimulatedBlob } from './blobs.ts';
import type { ListedBlob, Window } from './cut-blobs.ts';

/** Numbers of records: the first, and the one behind the last. */
export type RecordRange = readonly [number, number];

interface Part {
  readonly contentId: string;
  readonly records: RecordRange;
}

/** What of one subscription was listed and fetched. A number or two per blob, no records. */
export class ServedContent {
  readonly #listed = new Set<number>();
  /** How often each blob was fetched wholly under its own id. */
  readonly #wholes = new Map<number, number>();
  /** Of what was fetched in parts: cut blobs and pages. */
  readonly #parts = new Map<number, Part[]>();
  readonly #cutIds = new Set<string>();
  /** Listed spans of `contentCreated`, disjoint and in order. */
  #spans: Window[] = [];
  records = 0;
  bytes = 0;

  get listedCount(): number {
    return this.#listed.size;
  }

  get cutCount(): number {
    return this.#cutIds.size;
  }

  list(blobs: readonly ListedBlob[], covered: Window): void {
    for (const { blob, contentId } of blobs) {
      this.#listed.add(blob.index);
      if (contentId !== blob.contentId) this.#cutIds.add(contentId);
    }
    if (covered.startMs < covered.endMs) this.#spans = joined([...this.#spans, covered]);
  }

  /** True when just these records were fetched under this id before. */
  fetch({ blob, contentId }: ListedBlob, records: RecordRange, bytes: number): boolean {
    this.records += records[1] - records[0];
    this.bytes += bytes;
    const isWhole = contentId === blob.contentId && records[1] - records[0] === blob.recordCount;
    if (isWhole) {
      const times = this.#wholes.get(blob.index) ?? 0;
      this.#wholes.set(blob.index, times + 1);
      return times > 0;
    }
    const parts = this.#parts.get(blob.index) ?? [];
    const isRepeated = parts.some((part) => part.contentId === contentId && part.records[0] === records[0]);
    this.#parts.set(blob.index, [...parts, { contentId, records }]);
    return isRepeated;
  }

  isListed(index: number): boolean {
    return this.#listed.has(index);
  }

  /** Whether each record of a blob was fetched, wholly or in parts. */
  isFetched({ index, recordCount }: Pick<SimulatedBlob, 'index' | 'recordCount'>): boolean {
    if (this.#wholes.has(index)) return true;
    let reached = 0;
    for (const { records } of (this.#parts.get(index) ?? []).toSorted((a, b) => a.records[0] - b.records[0]))
      if (records[0] <= reached) reached = Math.max(reached, records[1]);
    return this.#parts.has(index) && reached >= recordCount;
  }

  /** Numbers of the blobs of which something was fetched. */
  *touched(): Generator<number> {
    yield* this.#wholes.keys();
    for (const index of this.#parts.keys()) if (!this.#wholes.has(index)) yield index;
  }

  /** Whether only parts of a blob were fetched, so that it has to be looked at more closely. */
  isInParts(index: number): boolean {
    return !this.#wholes.has(index) && this.#parts.has(index);
  }

  /** Whether a record of a blob was fetched more than once, under whatever id. */
  isFetchedMoreThanOnce(index: number): boolean {
    const wholes = this.#wholes.get(index) ?? 0;
    const parts = this.#parts.get(index) ?? [];
    if (wholes > 1 || (wholes === 1 && parts.length > 0)) return true;
    const byStart = parts.toSorted((a, b) => a.records[0] - b.records[0]);
    return byStart.some(({ records }, number) => records[0] < (byStart[number - 1]?.records[1] ?? 0));
  }

  /** What of a span was in no listed window. */
  notListed({ startMs, endMs }: Window): readonly Window[] {
    const gaps: Window[] = [];
    let reachedMs = startMs;
    for (const span of this.#spans) {
      if (span.startMs > reachedMs && reachedMs < endMs)
        gaps.push({ startMs: reachedMs, endMs: Math.min(span.startMs, endMs) });
      reachedMs = Math.max(reachedMs, span.endMs);
    }
    if (reachedMs < endMs) gaps.push({ startMs: reachedMs, endMs });
    return gaps;
  }
}

/** Spans that touch or overlap become one. */
function joined(spans: readonly Window[]): Window[] {
  const result: Window[] = [];
  for (const span of spans.toSorted((a, b) => a.startMs - b.startMs)) {
    const last = result.at(-1);
    if (last !== undefined && span.startMs <= last.endMs)
      result[result.length - 1] = { startMs: last.startMs, endMs: Math.max(last.endMs, span.endMs) };
    else result.push(span);
  }
  return result;
}
