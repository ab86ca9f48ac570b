import { readdirSync, readFileSync } from 'node:fs';
import { indented, topLevelStrings } from './json-text.ts';

/** How a record is written between its tokens. The last two carry line ends, which NDJSON has to replace. */
export type RecordStyle = 'compact' | 'lines' | 'crlfLines';

/** What makes a copy of an event a record of its own. */
interface RecordValues {
  /** 36 characters. */
  readonly id: string;
  /** 36 characters. */
  readonly tenantId: string;
  /** `YYYY-MM-DDTHH:MM:SS`, UTC. */
  readonly creationTime: string;
}

/** An event as it stands in the files beside this module, to be copied with other values. */
export interface EventTemplate {
  /** Bytes of the event when compact. */
  readonly size: number;
  render(style: RecordStyle, values: RecordValues): Buffer;
}

interface StyledText {
  readonly bytes: Buffer;
  readonly slots: readonly Slot[];
}

/** A piece of the text that is overwritten, length for length. */
interface Slot {
  readonly offset: number;
  readonly value: (values: RecordValues) => string;
}

const eventsFolder = new URL('./events/', import.meta.url);
const guidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Years that tell nothing; the edge cases of the years 1 and 2036 stay what they are. */
const ordinaryTime = /^20[12]\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d/;
/** Room for eight digits behind an `Id` that is no GUID, so that it keeps its form and becomes unique. */
const idSuffix = '-00000000';

let loaded: readonly EventTemplate[] | undefined;

/** Events above this size come once in so many rounds through all events, so that the average stays that of the feed. */
export const largeEventBytes = 64 * 1024;
export const roundsPerLargeEvent = 16;

/** Bytes of an event in a long blob, with the comma behind it. */
export function averageEventBytes(): number {
  const all = eventTemplates();
  const bytesOf = (templates: readonly EventTemplate[]) =>
    templates.reduce((sum, { size }) => sum + size + 1, 0);
  const ordinary = all.filter(({ size }) => size < largeEventBytes);
  const rounds = roundsPerLargeEvent - 1;
  return (bytesOf(all) + rounds * bytesOf(ordinary)) / (all.length + rounds * ordinary.length);
}

/** All events of `events/*.ndjson`, files by name, lines in order. Read once per process. */
export function eventTemplates(): readonly EventTemplate[] {
  loaded ??= readdirSync(eventsFolder)
    .filter((name) => name.endsWith('.ndjson'))
    .toSorted()
    .flatMap((name) => readFileSync(new URL(name, eventsFolder), 'latin1').split('\n'))
    .filter((line) => line !== '')
    .map((line) => eventTemplate(Buffer.from(line, 'latin1')));
  return loaded;
}

function eventTemplate(event: Buffer): EventTemplate {
  const compact = withRoomForId(event);
  const texts: Partial<Record<RecordStyle, StyledText>> = {};
  return {
    size: compact.length,
    render(style, values) {
      const { bytes, slots } = (texts[style] ??= withSlots(styled(compact, style)));
      const record = Buffer.from(bytes);
      for (const { offset, value } of slots) record.write(value(values), offset, 'latin1');
      return record;
    },
  };
}

function styled(compact: Buffer, style: RecordStyle): Buffer {
  switch (style) {
    case 'compact':
      return compact;
    case 'lines':
      return indented(compact, '\n');
    case 'crlfLines':
      return indented(compact, '\r\n');
  }
}

function withRoomForId(event: Buffer): Buffer {
  const id = topLevelStrings(event).find(({ key }) => key === 'Id');
  if (id === undefined || id.start === id.end || guidForm.test(event.toString('utf8', id.start, id.end)))
    return event;
  return Buffer.concat([event.subarray(0, id.end), Buffer.from(idSuffix), event.subarray(id.end)]);
}

/** Events without an `Id`, or with an empty one, and odd times have no slot there and stay as they are. */
function withSlots(bytes: Buffer): StyledText {
  const slots = topLevelStrings(bytes).flatMap(({ key, start, end }): Slot[] => {
    const text = bytes.toString('utf8', start, end);
    if (key === 'Id' && guidForm.test(text)) return [{ offset: start, value: ({ id }) => id }];
    if (key === 'Id' && text.endsWith(idSuffix))
      return [{ offset: end - 8, value: ({ id }) => id.slice(0, 8) }];
    if (key === 'OrganizationId' && guidForm.test(text))
      return [{ offset: start, value: ({ tenantId }) => tenantId }];
    if (key === 'CreationTime' && ordinaryTime.test(text))
      return [
        { offset: start, value: ({ creationTime }) => creationTime.slice(0, 10) },
        { offset: start + 11, value: ({ creationTime }) => creationTime.slice(11) },
      ];
    return [];
  });
  return { bytes, slots };
}
