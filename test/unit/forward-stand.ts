import path from 'node:path';
import type { Info } from '@temporalio/activity';
import type { ActivityCancellationDetails } from '@temporalio/common';
import type { BlobReference } from '../../src/domain/content-blob.ts';
import { forwardContent } from '../../src/activities/forward-content.ts';
import type { ForwardContentInput, ForwardedContent } from '../../src/activities/forwarded-content.ts';
import type { ForwardingDetails } from '../../src/activities/forwarding-progress.ts';
import type { Patience } from '../../src/activities/stall-watchdog.ts';
import type { Destination } from '../../src/destinations/destination.ts';
import { createFileDestination } from '../../src/destinations/file/index.ts';
import type { SimulatorOptions } from '../../src/simulator/start.ts';
import { linesBelow } from '../contract/file-system.ts';
import {
  anEnvironment,
  atEnd,
  contentType,
  listAll,
  setUpStand,
  type ActivityStand,
} from './activity-stand.ts';

interface ForwardOptions {
  readonly destinations?: readonly string[];
  readonly blobs?: readonly BlobReference[];
  readonly info?: Partial<Info>;
  readonly patience?: Patience;
  /** Called with each heartbeat. */
  readonly onHeartbeat?: (
    details: ForwardingDetails,
    cancel: (details: ActivityCancellationDetails) => void,
  ) => void;
}

/** Ten listed blobs, destinations, and the activity. The destination `files` is a folder. */
export interface ForwardStand extends ActivityStand {
  readonly blobs: readonly BlobReference[];
  /** By name, beside `files`. */
  readonly destinations: Map<string, Destination>;
  /** Lines in the files of `files`. */
  readonly lines: () => Promise<readonly Buffer[]>;
  readonly forward: (options?: ForwardOptions) => Promise<ForwardedContent>;
}

export async function setUpForwarding(options: SimulatorOptions = {}): Promise<ForwardStand> {
  const stand = await setUpStand(options);
  const { blobs } = await listAll(stand);
  const files = path.join(stand.folder, 'files');
  const destinations = new Map<string, Destination>([
    ['files', createFileDestination('files', { path: files })],
  ]);
  atEnd(() => Promise.all([...destinations.values()].map((destination) => destination.close())));
  const dependencies = {
    ...stand.dependencies,
    destination: (key: string) => destinations.get(key),
  };
  return {
    ...stand,
    blobs,
    destinations,
    lines: () => linesBelow(files),
    forward: (asked = {}) => {
      const environment = anEnvironment(asked.info);
      environment.on('heartbeat', (details: ForwardingDetails) =>
        asked.onHeartbeat?.(details, (why) => environment.cancel('CANCELLED', why)),
      );
      const input: ForwardContentInput = {
        tenantId: stand.tenant.config.tenantId,
        contentType,
        blobs: asked.blobs ?? blobs,
        destinations: asked.destinations ?? ['files'],
        priority: 'live',
      };
      return environment.run(forwardContent(dependencies, asked.patience), input);
    },
  };
}

/** Blobs, records and bytes over all hours. */
export function sumOf({
  delivered,
}: ForwardedContent['destinations'][number]): readonly [number, number, number] {
  return Object.values(delivered).reduce(
    ([blobs, records, bytes], hour) => [blobs + hour[0], records + hour[1], bytes + hour[2]],
    [0, 0, 0],
  );
}
