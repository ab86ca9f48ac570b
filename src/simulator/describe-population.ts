import { documentedContentTypes } from './options.ts';
import type { SimulatorOptions } from './options.ts';
import type { PopulationDescription } from './population.ts';
import { defaultSeed } from './rules.ts';

/** What the options say of the population. Throws `RangeError` for a start time that is none. */
export function descriptionOf(options: SimulatorOptions, nowMs: number): PopulationDescription {
  const { bulk, startTime, recordsPerBlob = [1, 50] } = options;
  const { repeats, late, expiredShare, movedRegion, largeBlobBytes } = options;
  const startTimeMs = startTime === undefined ? nowMs : Date.parse(startTime);
  if (Number.isNaN(startTimeMs)) throw new RangeError(`startTime: ${startTime} is not an ISO 8601 time`);
  return {
    seed: options.seed ?? defaultSeed,
    startTimeMs,
    tenants: options.tenants ?? 2,
    contentTypes: options.contentTypes ?? documentedContentTypes,
    historyHours: options.historyHours ?? 20,
    blobsPerHour: options.blobsPerHour ?? 12,
    recordsPerBlob: typeof recordsPerBlob === 'number' ? [recordsPerBlob, recordsPerBlob] : recordsPerBlob,
    liveEveryMs: options.liveEveryMs ?? 30_000,
    bulk: bulk && { contentType: 'Audit.General', hours: 12, ...bulk },
    traits: { repeats, late, expiredShare, movedRegion, largeBlobBytes },
  };
}
